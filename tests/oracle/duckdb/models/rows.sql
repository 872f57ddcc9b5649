with events as (

    select *
    from (
        values
            (1, 'u1', timestamp '2024-01-01 10:00:00', 10),
            (2, 'u1', timestamp '2024-01-01 10:10:00', 20),
            (3, 'u2', timestamp '2024-01-01 11:00:00', null),
            (4, 'u2', timestamp '2024-01-02 11:00:00', 5),
            (5, null, timestamp '2024-01-02 12:00:00', 7)
    ) t (id, who, happened_at, worth)

),

newest as (

    select *
    from events
    qualify row_number() over (partition by who order by happened_at desc) = 1

),

counted as (

    select who, count(*) as events, sum(worth) as worth
    from events
    group by all

),

renamed as (

    select * exclude (worth, happened_at) replace (upper(who) as who)
    from newest

)

select
    events.id,
    events.who,
    renamed.id as newest_id,
    renamed.who as newest_who,
    counted.events,
    events.worth * 2 as doubled,
    doubled + 1 as one_more,
    doubled > 15 as is_much,
    lag(events.worth) over (partition by events.who order by events.happened_at) as before,
    lead(events.id, 1, 0) over (order by events.id) as next_id,
    sum(events.worth) over (order by events.id rows between unbounded preceding and current row) as so_far,
    row_number() over (order by events.worth desc) as rank_down,
    row_number() over (order by events.worth, events.id) as rank_up,
    row_number() over (order by events.id) - 1 as rows_before,
    dense_rank() over (order by events.who) as who_rank,
    first_value(events.id) over (partition by events.who order by events.id) as first_of_them,
    ntile(2) over (order by events.id) as half,
    events.who is distinct from 'u1' as is_other
from events
left join renamed on events.who is not distinct from lower(renamed.who)
left join counted on events.who is not distinct from counted.who
where one_more is null or one_more > 0
