{#- Rolling distinct users without a distinct count: a visitor is in the window
    from a day of activity until the window has passed without another one. So each
    visitor enters and leaves a few times, and a running sum counts who is inside. -#}
{% set windows = [('wau', 7), ('mau', 30)] %}

with active_days as (

    select
        activity_date,
        count(*) as dau,
        {%- for name, days in windows %}
        count(*) filter (
            where previous_activity_date is null
            or previous_activity_date <= {{ add_days('activity_date', -days) }}
        ) as {{ name }}_entering,
        count(*) filter (
            where next_activity_date is null
            or next_activity_date >= {{ add_days('activity_date', days) }}
        ) as {{ name }}_leaving_later,
        {%- endfor %}
        count(*) filter (where previous_activity_date is null) as new_visitors,
        sum(signups) as signups,
        sum(sessions) as sessions,
        sum(events) as events,
        sum(purchases) as purchases,
        sum(revenue) as revenue

    from {{ ref('int_user_days') }}
    group by activity_date

),

bounds as (

    select
        min(activity_date) as first_day,
        max(activity_date) as last_day
    from active_days

),

calendar as (

    select dim_date.date_day
    from {{ ref('dim_date') }} as dim_date
    cross join bounds
    where dim_date.date_day between bounds.first_day and bounds.last_day

),

all_days as (

    select
        calendar.date_day,
        coalesce(active_days.dau, 0) as dau,
        {%- for name, days in windows %}
        coalesce(active_days.{{ name }}_entering, 0) as {{ name }}_entering,
        coalesce(
            lag(active_days.{{ name }}_leaving_later, {{ days }}) over (order by calendar.date_day), 0
        ) as {{ name }}_leaving,
        {%- endfor %}
        coalesce(active_days.new_visitors, 0) as new_visitors,
        cast(coalesce(active_days.signups, 0) as bigint) as signups,
        cast(coalesce(active_days.sessions, 0) as bigint) as sessions,
        cast(coalesce(active_days.events, 0) as bigint) as events,
        cast(coalesce(active_days.purchases, 0) as bigint) as purchases,
        cast(coalesce(active_days.revenue, 0) as decimal(18, 2)) as revenue

    from calendar
    left join active_days on calendar.date_day = active_days.activity_date

),

rolling as (

    select
        *,
        cast(sum(wau_entering - wau_leaving) over so_far as bigint) as wau,
        cast(sum(mau_entering - mau_leaving) over so_far as bigint) as mau

    from all_days
    window so_far as (order by date_day rows between unbounded preceding and current row)

)

select
    date_day,
    dau,
    wau,
    mau,
    {{ rate('dau', 'mau') }} as stickiness,
    new_visitors,
    signups,
    sessions,
    events,
    {{ rate('events', 'sessions', 2) }} as events_per_session,
    purchases,
    revenue

from rolling
