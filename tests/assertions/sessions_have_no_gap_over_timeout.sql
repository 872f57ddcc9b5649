-- The newest week is enough: all of it would sort the whole event table once more.
with newest as (

    select max(event_timestamp) as newest_event_at
    from {{ ref('int_session_events') }}

),

recent_events as (

    select
        session_events.session_id,
        session_events.event_timestamp,
        lag(session_events.event_timestamp) over (
            partition by session_events.session_id
            order by session_events.event_timestamp, session_events.event_id
        ) as previous_event_at
    from {{ ref('int_session_events') }} as session_events
    cross join newest
    where session_events.event_timestamp >= newest.newest_event_at - interval '7 days'

)

select *
from recent_events
where event_timestamp > previous_event_at + interval '{{ var("session_timeout_minutes") }} minutes'
