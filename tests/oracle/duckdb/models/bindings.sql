-- How strongly operators bind, and columns that several joins share.
with a as (select * from (values (1, true, false), (2, false, null), (3, null, true)) as t(id, x, y)),

b as (select * from (values (1, 'one'), (3, 'three')) as t(id, b_name)),

c as (select * from (values (1, 'uno'), (2, 'dos')) as t(id, c_name))

select
    id,
    x is distinct from y and x as distinct_and,
    x is not distinct from y or y as same_or,
    not x is distinct from y as not_distinct,
    id is distinct from 1 + 1 as distinct_sum,
    b_name,
    c_name
from a
left join b using (id)
left join c using (id)
where id > 0 and x is distinct from y or y
