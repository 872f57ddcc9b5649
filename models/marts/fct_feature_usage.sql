with feature_events as (

    select
        session_id,
        cast(event_timestamp as date) as usage_date,
        feature
    from {{ ref('int_session_events') }}
    where event_name = 'feature_used'

),

sessions as (

    select
        session_id,
        visitor_id
    from {{ ref('int_sessions') }}

),

visitor_usage as (

    select
        feature_events.usage_date,
        feature_events.feature,
        sessions.visitor_id,
        count(*) as uses

    from feature_events
    inner join sessions on feature_events.session_id = sessions.session_id
    group by feature_events.usage_date, feature_events.feature, sessions.visitor_id

),

daily_usage as (

    select
        usage_date,
        feature,
        cast(sum(uses) as bigint) as uses,
        count(*) as visitors

    from visitor_usage
    group by usage_date, feature

)

select
    daily_usage.usage_date,
    daily_usage.feature,
    daily_usage.uses,
    daily_usage.visitors,
    {{ rate('daily_usage.uses', 'daily_usage.visitors', 2) }} as uses_per_visitor,
    {{ rate('daily_usage.visitors', 'engagement.dau') }} as adoption_rate

from daily_usage
inner join {{ ref('fct_daily_engagement') }} as engagement
    on daily_usage.usage_date = engagement.date_day
