-- Casts that only their types tell apart, decimals without digits, and JSON within JSON.
with made as (
    select * from (values (1, '1.5', '2024-01-01', '{"a":{"b":1},"l":[3]}'), (1, '2.25', '2024-02-03', null))
        as t(g, x, d, j)
)

select
    g,
    sum(x::double) as doubles,
    sum(x::decimal(10, 2)) as decimals,
    max(d::date) as day,
    max(d) as text,
    count(x::int) as ints,
    count(x) as texts,
    sum(x::decimal) as plain,
    max(21.66666666::numeric) as rounded,
    max((j -> 'a')::varchar) as inner_object,
    max(j -> 'a' ->> 'b') as inner_text,
    max((j -> 'l' -> 0)::varchar) as item
from made
group by g
