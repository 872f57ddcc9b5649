-- Columns are found in any letters, and keep those that they were made with.
with made as (
    select * from (values (1, 'a', 2.5), (2, 'b', null)) as t("Id", "STATUS", "Total Amount")
),

renamed as (
    select ID, status, Status as again, "total amount" as total, upper(STATUS) as "Upper"
    from made
    where "id" > 0
),

joined as (
    select r.id, r.Again, m."total amount", count(*) over (partition by R.status) as n
    from renamed as r
    join made as m on M.iD = r.Id and m.status = r.STATUS
),

small as (select 1 as id, 'x' as note),

mixed as (
    select m.status, s.note
    from made as m
    join small as s on m.id = s.id
)

select j.*, "upper", x.note
from joined as j
left join mixed as x on x.status = j.again
join renamed as r on r.id = j.ID
order by ID
