with sessions as (

    select
        session_id,
        client_id,
        started_at,
        lag(ended_at) over (partition by client_id order by started_at) as previous_ended_at
    from {{ ref('int_sessions') }}

)

select *
from sessions
where started_at <= previous_ended_at + interval '{{ var("session_timeout_minutes") }} minutes'
