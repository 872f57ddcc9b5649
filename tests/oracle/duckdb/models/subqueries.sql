-- Subqueries as values, and beside a row.
with orders as (
    select * from (values
        (1, 10, [1, 2]), (2, 11, []), (3, null, null), (4, 10, [7])
    ) as t(id, customer, items)
),

customers as (select * from (values (10, 'ada'), (12, 'bob')) as t(id, name)),

known as (select * from (values (10), (null)) as t(id)),

answers as (
    select
        id,
        exists (select 1 from customers as c where c.id = o.customer) as is_known,
        not exists (select 1 from customers as c where c.id = o.customer limit 1) as is_unknown,
        customer in (select id from customers) as is_among,
        customer not in (select id from customers) as is_not_among,
        customer in (select id from known) as is_perhaps_among,
        customer in (select id from customers where false) as is_among_none,
        case when customer in (select id from customers) then 'yes' else 'no' end as said
    from orders as o
),

beside as (
    select o.id, u.item, u.item + o.customer as both
    from orders as o, unnest(o.items) as u(item)
),

kept as (
    select o.id, u.item
    from orders as o left join unnest(o.items) as u(item) on true
),

counted as (
    select o.id, count(*) as numbers, sum(n) as total
    from orders as o cross join generate_series(1, o.id) as g(n)
    group by o.id
),

computed as (
    select o.id, l.doubled
    from orders as o, lateral (select o.id * 2 as doubled) as l
    where l.doubled > 2
),

asked_while_joined as (
    select o.id, c.name
    from orders as o
    join customers as c on o.customer = c.id and o.id = (select max(p.id) from orders as p where p.customer = c.id)
),

of_itself as (
    select id, id in (select id from orders where customer = 10) as is_ten from orders
),

asked_while_grouped as (
    select
        customer in (select id from customers) as is_among,
        count(*) as n,
        sum(case when exists (select 1 from customers as c where c.id = o.customer) then 1 else 0 end) as known,
        count(*) filter (where id in (select id from orders where customer = 10)) as tens
    from orders as o
    group by customer in (select id from customers)
),

numbered as (
    select id, row_number() over (order by id in (select id from orders where customer = 10), id) as position
    from orders
)

select
    a.*,
    s.is_ten,
    g.n,
    g.known,
    g.tens,
    p.position,
    (select count(*) from beside as b where b.id = a.id) as items,
    k.item,
    n.numbers,
    n.total,
    d.doubled,
    j.name
from answers as a
join of_itself as s on s.id = a.id
join numbered as p on p.id = a.id
left join asked_while_grouped as g on g.is_among is not distinct from a.is_among
join kept as k on k.id = a.id
join counted as n on n.id = a.id
left join computed as d on d.id = a.id
left join asked_while_joined as j on j.id = a.id
