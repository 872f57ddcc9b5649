-- Columns that come and go together in `rollup` and `cube`.
with t as (
    select * from (values (1, 10, 'x', 5), (2, 10, 'y', 6), (3, 20, 'x', 7), (4, null, 'z', null)) as t(id, k, s, v)
)

select 'rollup' as kind, k, s, id, sum(v) as total, grouping(k) as without_k from t group by rollup ((k, s), id)
union all
select 'cube', k, s, id, sum(v), grouping(k) from t group by cube ((k, s), id)
union all
select 'last', k, s, id, sum(v), grouping(k) from t group by rollup (k, (s, id))
union all
select 'sets', k, s, id, sum(v), grouping(k) from t group by grouping sets ((k, s), (id), ())
