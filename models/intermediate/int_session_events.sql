with events as (

    select * from {{ ref('stg_events') }}

),

-- Both windows below share one partition and order, so that the events are sorted once.
events_after_previous as (

    select
        event_id,
        client_id,
        user_id,
        event_name,
        event_timestamp,
        page_query,
        referrer_domain,
        platform,
        browser,
        product_id,
        quantity,
        transaction_id,
        revenue,
        feature,
        lag(event_timestamp) over (
            partition by client_id order by event_timestamp, event_id
        ) as previous_event_at

    from events

),

session_starts as (

    select
        *,
        (
            previous_event_at is null
            or event_timestamp > previous_event_at + interval '{{ var("session_timeout_minutes") }} minutes'
        ) as is_session_start

    from events_after_previous

),

numbered as (

    select
        *,
        sum(case when is_session_start then 1 else 0 end) over (
            partition by client_id order by event_timestamp, event_id
            rows between unbounded preceding and current row
        ) as session_number

    from session_starts

)

select
    event_id,
    {{ surrogate_key(['client_id', 'session_number']) }} as session_id,
    client_id,
    user_id,
    event_name,
    event_timestamp,
    is_session_start,

    -- How the session began; kept on its first event only.
    case when is_session_start then page_query end as landing_query,
    case when is_session_start then referrer_domain end as landing_referrer,
    case when is_session_start then platform end as landing_platform,
    case when is_session_start then browser end as landing_browser,

    product_id,
    quantity,
    transaction_id,
    revenue,
    feature

from numbered
