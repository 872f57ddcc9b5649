with sessions as (

    select * from {{ ref('int_sessions') }}

),

numbered as (

    select
        session_id,
        visitor_id,
        started_at,
        channel,
        utm_source,
        utm_medium,
        utm_campaign,
        purchases,
        revenue,
        row_number() over by_time as session_number,
        lag(started_at) over by_time as previous_started_at

    from sessions
    window by_time as (partition by visitor_id order by started_at, session_id)

)

select
    session_id,
    visitor_id,
    cast(session_number as bigint) as session_number,
    started_at,
    {{ days_between('cast(previous_started_at as date)', 'cast(started_at as date)') }} as days_since_previous_session,
    channel,
    utm_source,
    utm_medium,
    utm_campaign,
    purchases,
    revenue

from numbered
