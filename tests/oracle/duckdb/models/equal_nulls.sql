-- Nulls are equal for `is not distinct from`, and for no other equation of the same query.
with a as (select * from (values (1, 10, 5), (2, null, 6), (3, 20, null), (4, null, null)) as t(id, k, v)),

b as (select * from a),

c as (select * from a)

select 'after' as kind, a.id, b.id as other, null as third from a join b on a.k is not distinct from b.k where a.v = b.v
union all
select 'beside', a.id, b.id, null from a join b on a.k is not distinct from b.k and a.v = b.v
union all
select 'three', a.id, b.id, c.id from a join b on a.k is not distinct from b.k join c on c.v = b.v
union all
select 'last', a.id, b.id, c.id from a join b on a.k = b.k join c on c.v is not distinct from b.v
union all
select 'left', a.id, b.id, c.id from a left join b on a.k is not distinct from b.k join c on c.v = b.v
