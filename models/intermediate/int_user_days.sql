with session_events as (

    select * from {{ ref('int_session_events') }}

),

sessions as (

    select
        session_id,
        visitor_id
    from {{ ref('int_sessions') }}

),

-- Events shrink to sessions and days before they meet the visitors.
session_days as (

    select
        session_id,
        cast(event_timestamp as date) as activity_date,
        count(*) as events,
        count(*) filter (where is_session_start) as sessions,
        count(*) filter (where event_name = 'signed_up') as signups,
        count(*) filter (where event_name = 'checkout_completed') as purchases,
        sum(revenue) as revenue

    from session_events
    group by session_id, cast(event_timestamp as date)

),

visitor_days as (

    select
        sessions.visitor_id,
        session_days.activity_date,
        cast(sum(session_days.events) as bigint) as events,
        cast(sum(session_days.sessions) as bigint) as sessions,
        cast(sum(session_days.signups) as bigint) as signups,
        cast(sum(session_days.purchases) as bigint) as purchases,
        cast(coalesce(sum(session_days.revenue), 0) as decimal(18, 2)) as revenue

    from session_days
    inner join sessions on session_days.session_id = sessions.session_id
    group by sessions.visitor_id, session_days.activity_date

)

select
    visitor_id,
    activity_date,
    lag(activity_date) over by_day as previous_activity_date,
    lead(activity_date) over by_day as next_activity_date,
    events,
    sessions,
    signups,
    purchases,
    revenue

from visitor_days
window by_day as (partition by visitor_id order by activity_date)
