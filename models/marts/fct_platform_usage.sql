with visitor_usage as (

    select
        session_date,
        platform,
        browser,
        device_type,
        visitor_id,
        count(*) as sessions,
        sum(events) as events,
        sum(duration_seconds) as duration_seconds,
        count(*) filter (where purchases > 0) as purchasing_sessions,
        sum(purchases) as purchases,
        sum(revenue) as revenue

    from {{ ref('int_sessions') }}
    group by session_date, platform, browser, device_type, visitor_id

)

select
    session_date as usage_date,
    platform,
    browser,
    device_type,
    count(*) as visitors,
    cast(sum(sessions) as bigint) as sessions,
    cast(sum(events) as bigint) as events,
    {{ rate('sum(duration_seconds)', 'sum(sessions)', 2) }} as average_session_seconds,
    cast(sum(purchases) as bigint) as purchases,
    cast(sum(revenue) as decimal(18, 2)) as revenue,
    {{ rate('sum(purchasing_sessions)', 'sum(sessions)') }} as conversion_rate

from visitor_usage
group by session_date, platform, browser, device_type
