-- Window calls that turn out to be the same, when it is known what is never null.
with t as (select * from (values (1, 10, 5), (2, null, 6), (3, 20, null)) as t(id, k, v))

select
    id,
    sum(1) over (order by id) as one,
    sum(1 + 0) over (order by id) as same,
    sum(case when coalesce(k, 1) is null then 0 else 1 end) over (order by id) as k_is_there,
    sum(case when coalesce(v, 0) is null then 0 else 1 end) over (order by id) + 1 as v_is_there,
    count(*) over (partition by k is null) as in_part
from t
