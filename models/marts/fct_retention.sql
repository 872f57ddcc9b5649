with user_days as (

    select * from {{ ref('int_user_days') }}

),

last_day as (

    select max(activity_date) as last_day
    from user_days

),

first_days as (

    select
        visitor_id,
        activity_date as first_day,
        next_activity_date as second_day

    from user_days
    where previous_activity_date is null

),

visitor_weeks as (

    select distinct
        user_days.visitor_id,
        cast(date_trunc('week', first_days.first_day) as date) as cohort_week,
        cast(date_trunc('week', user_days.activity_date) as date) as activity_week

    from user_days
    inner join first_days on user_days.visitor_id = first_days.visitor_id

),

weeks as (

    select distinct activity_week
    from visitor_weeks

),

visitor_weeks_with_next as (

    select
        activity_week,
        lead(activity_week) over (partition by visitor_id order by activity_week) as next_activity_week

    from visitor_weeks

),

-- Of those active in one week, how many were active in the following one.
basic as (

    select
        'basic' as retention_type,
        activity_week as cohort_date,
        1 as period_number,
        {{ add_days('activity_week', 13) }} as period_end,
        count(*) as cohort_size,
        count(*) filter (where next_activity_week = {{ add_days('activity_week', 7) }}) as retained

    from visitor_weeks_with_next
    group by activity_week

),

-- Of those first seen on one day, how many came back on the next.
day_1 as (

    select
        'day 1' as retention_type,
        first_day as cohort_date,
        1 as period_number,
        {{ add_days('first_day', 1) }} as period_end,
        count(*) as cohort_size,
        count(*) filter (where second_day = {{ add_days('first_day', 1) }}) as retained

    from first_days
    group by first_day

),

-- Of those first seen in one week, how many were active in each week since.
cohort_sizes as (

    select
        cohort_week,
        count(*) as cohort_size

    from visitor_weeks
    where cohort_week = activity_week
    group by cohort_week

),

cohort_weeks as (

    select
        cohort_week,
        activity_week,
        count(*) as retained

    from visitor_weeks
    group by cohort_week, activity_week

),

cohorts as (

    select
        'cohort' as retention_type,
        cohort_sizes.cohort_week as cohort_date,
        -- Both are Mondays, so the division is exact.
        {{ days_between('cohort_sizes.cohort_week', 'weeks.activity_week') }} / 7 as period_number,
        {{ add_days('weeks.activity_week', 6) }} as period_end,
        cohort_sizes.cohort_size,
        coalesce(cohort_weeks.retained, 0) as retained

    from cohort_sizes
    inner join weeks on cohort_sizes.cohort_week <= weeks.activity_week
    left join cohort_weeks
        on cohort_sizes.cohort_week = cohort_weeks.cohort_week
        and weeks.activity_week = cohort_weeks.activity_week

),

periods as (

    select * from basic
    union all
    select * from day_1
    union all
    select * from cohorts

)

select
    periods.retention_type,
    periods.cohort_date,
    cast(periods.period_number as bigint) as period_number,
    periods.period_end,
    periods.period_end <= last_day.last_day as is_complete,
    periods.cohort_size,
    periods.retained,
    {{ rate('periods.retained', 'periods.cohort_size') }} as retention_rate

from periods
cross join last_day
