-- Columns of queries around, of lists, structs and pivots, in other letters than they were made with.
with a as (select * from (values (1, 2), (2, 3), (3, null)) as t("K", "V")),

b as (select * from (values (1, 9), (2, 8), (2, 7)) as t(k2, "W")),

nested as (select 1 as "Id", [1, 2] as "Items", {'x': 5} as "S"),

months as (select 'a' as "Name", 1 as "Jan", 2 as "Feb"),

asked as (
    select
        k,
        (select count(*) from b where K2 <= A.k) as not_above,
        (select max(w) from b where b.K2 = a.V) as of_v,
        exists (select 1 from b where k2 = a.K and W = 9) as is_nine
    from A
),

opened as (select n.id, u.x, n.s.x as field from nested as n, unnest(N.items) as u(x)),

long as (from months unpivot (amount for month in (jan, "FEB"))),

left_out as (select * exclude (v) from a)

select asked.*, o.x, o.field, l.month, l.amount, e.k as again
from asked
left join opened as o on o.ID = asked.k
left join long as l on l.amount = asked.K
join left_out as e on e.k = asked.k
