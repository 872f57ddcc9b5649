-- Subqueries that ask of the row beside them in other ways than by equality.
with a as (
    select * from (values
        (1, 10, 'x'), (2, 10, 'y'), (3, 20, 'x'), (4, null, 'z'), (5, 30, null), (1, 10, 'x')
    ) as t(id, k, s)
),

b as (
    select * from (values
        (1, 10, 5), (2, 10, 7), (3, 10, 7), (4, 20, null), (5, 20, 1), (6, null, 9), (7, 40, 2)
    ) as t(bid, k, v)
),

c as (select * from (values (10, 'ten'), (20, 'twenty'), (40, 'forty')) as t(k, name)),

answers as (
    select
        id,
        k,
        (select count(*) from b where b.v <= a.id) as not_above,
        (select sum(v) from b where b.bid < a.id) as before,
        (select v from b where b.k = a.k order by v desc nulls last, bid limit 1) as largest,
        (select bid from b where b.k = a.k order by bid limit 1 offset 1) as second,
        (select c.name from c where c.k = a.k) as name,
        (select count(*) from b where b.k = a.k having count(*) > 1) as several,
        (select list(v order by bid) from b where b.v <> a.id) as others,
        (select count(distinct v) from b where b.bid > a.id) as different,
        (select sum(v * a.id) from b) as multiplied,
        (select max(r) from (select row_number() over (order by bid) as r from b where b.k = a.k) as x) as last_number,
        (select sum(v) from (select v from b where b.k = a.k union all select a.id union all select 5)) as both,
        (select count(*) from b join c on c.k = b.k and b.v > a.id) as joined,
        (select count(*) from b left join (select * from c where c.k = a.k) as d on d.k = b.k where d.k is null) as left_over,
        (select count(*) from (select * from b where b.k = a.k) as x full join (select * from c where c.k <> a.k) as y on y.k = x.k) as full_joined,
        (select count(*) from b where b.k = a.k and b.v > (select avg(v) from b as e where e.k <> a.k)) as above_others,
        (select max(x) from (values (a.id), (a.k), (7)) as t(x)) as largest_written,
        a.id in (select v from b where b.bid >= a.id order by v nulls first limit 2) as is_among,
        exists (select k from b where b.k = a.k group by k having count(*) > 2) as has_many,
        exists (select 1 from b where b.k = a.k limit 0) as is_never
    from a
),

filtered as (
    select id
    from a
    where
        id not in (select v from b where b.k <> a.k)
        or id > (select count(*) from b where b.v < a.id)
        and exists (select 1 from b where b.k = a.k and exists (select 1 from c where c.k = b.k and length(c.name) > a.id))
),

laterals as (
    select a.id, l.bid, m.n, m.most, r.one, d.v as distinct_v, u.v as united, g.k as grouped, g.n as in_group
    from a
    left join lateral (select bid, v from b where b.k = a.k order by bid desc limit 2) as l on l.bid > a.id
    cross join lateral (select count(*) as n, max(v) as most from b where b.v > a.id) as m
    left join lateral (select 1 as one from b where b.k = a.k and b.v > a.id order by bid limit 1) as r on true
    left join lateral (select distinct v from b where b.k <> a.k) as d on true
    left join lateral (select v from b where b.k = a.k union select a.id) as u on true
    left join lateral (select k, count(*) as n from b where b.v > m.n group by k having count(*) > 1) as g on true
),

ordered as (
    select id, row_number() over (order by (select count(*) from b where b.v > a.id), id) as position from a where id > 1
),

grouped as (
    select k, sum((select count(*) from b where b.v > a.id)) as above, (select sum(v) from b where b.k >= a.k) as further
    from a
    group by k
)

select
    a.*,
    f.id as filtered,
    l.* exclude (id),
    o.position,
    g.above,
    g.further
from answers as a
left join (select distinct id from filtered) as f on f.id = a.id
left join laterals as l on l.id = a.id
left join ordered as o on o.id = a.id
left join grouped as g on g.k is not distinct from a.k
