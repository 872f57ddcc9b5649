with numbers as (

    select *
    from (values (1, date '2024-01-31'), (-2, date '2500-05-05'), (null, null)) t (n, bought_on)

)

select
    n,
    bought_on + n * interval '1 day' as days_later,
    bought_on + cast(n as bigint) * interval 1 month as months_later,
    bought_on + interval (n) week as weeks_later,
    bought_on - interval (n + 1) hour as hours_before,
    bought_on + interval 1 quarter as a_quarter_later,
    bought_on + to_days(n) + to_months(1) + to_years(1) as made,
    cast(bought_on as timestamp) + to_hours(2) + to_minutes(3) + to_seconds(4) + to_milliseconds(5) as finer,
    date_trunc('month', bought_on) as start_of_month,
    date_trunc('day', cast(bought_on as timestamp) + interval 90 minute) as start_of_day,
    date_trunc('week', bought_on) as start_of_week,
    date_trunc('decade', bought_on) as start_of_decade,
    date_trunc('millennium', bought_on) as start_of_millennium,
    cast(bought_on as timestamp) + interval 26 hour - cast(bought_on as timestamp) > interval 1 day as is_more,
    cast(bought_on as timestamp) + interval 20 hour - cast(bought_on as timestamp) > interval '1 day' as is_less,
    epoch(cast(bought_on as timestamp) + interval 26 hour - cast(bought_on as timestamp)) as seconds_between,
    date_part('day', cast(bought_on as timestamp) + interval 26 hour - cast(bought_on as timestamp)) as days_between,
    extract(hour from cast(bought_on as timestamp) + interval 26 hour - cast(bought_on as timestamp)) as hours_between,
    timestamp '2024-01-03 01:00:00.5' - timestamp '2024-01-01' as days_and_hours,
    date_sub('month', bought_on, date '2024-03-30') as whole_months,
    date_sub('year', bought_on, date '2025-01-30') as whole_years,
    date_diff('century', bought_on, date '1999-01-01') as centuries
from numbers
