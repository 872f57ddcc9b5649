with session_events as (

    select * from {{ ref('int_session_events') }}

),

sessions as (

    select
        session_id,
        client_id,
        max(user_id) as user_id,
        min(event_timestamp) as started_at,
        max(event_timestamp) as ended_at,

        -- Null on every event but the first, so max picks the only value.
        max(landing_query) as landing_query,
        max(landing_referrer) as landing_referrer,
        max(landing_platform) as platform,
        max(landing_browser) as browser,

        count(*) as events,
        count(*) filter (where event_name = 'page_viewed') as page_views,
        count(*) filter (where event_name = 'product_viewed') as product_views,
        count(*) filter (where event_name = 'product_added_to_cart') as cart_additions,
        count(*) filter (where event_name = 'checkout_started') as checkouts,
        count(*) filter (where event_name = 'checkout_completed') as purchases,
        count(*) filter (where event_name = 'feature_used') as feature_uses,
        cast(coalesce(sum(revenue), 0) as decimal(18, 2)) as revenue,
        min(case when event_name = 'signed_up' then event_timestamp end) as signed_up_at

    from session_events
    group by session_id, client_id

),

client_users as (

    select
        client_id,
        max(user_id) as user_id
    from sessions
    where user_id is not null
    group by client_id

),

sources as (

    select
        sessions.*,
        client_users.user_id as client_user_id,
        {{ url_parameter('landing_query', 'utm_source') }} as utm_source,
        {{ url_parameter('landing_query', 'utm_medium') }} as utm_medium,
        {{ url_parameter('landing_query', 'utm_campaign') }} as utm_campaign

    from sessions
    left join client_users on sessions.client_id = client_users.client_id

)

select
    session_id,
    client_id,
    user_id,
    coalesce(user_id, client_user_id, client_id) as visitor_id,

    started_at,
    ended_at,
    cast(started_at as date) as session_date,
    {{ seconds_between('started_at', 'ended_at') }} as duration_seconds,

    utm_source,
    utm_medium,
    utm_campaign,
    landing_referrer,
    case
        when utm_medium in ('cpc', 'ppc', 'paid', 'paid_search', 'display') then 'paid'
        when utm_medium in ('email', 'newsletter') then 'email'
        when utm_medium in ('social', 'paid_social') then 'social'
        when utm_medium in ('affiliate', 'partner') then 'affiliate'
        when utm_source is not null then 'other campaign'
        when landing_referrer is null then 'direct'
        when landing_referrer like '%google.%' or landing_referrer like '%bing.%'
            or landing_referrer like '%duckduckgo.%' then 'organic search'
        when landing_referrer like '%facebook.%' or landing_referrer like '%instagram.%'
            or landing_referrer like '%linkedin.%' or landing_referrer like '%reddit.%'
            or landing_referrer like '%tiktok.%' or landing_referrer like '%twitter.%'
            or landing_referrer in ('t.co', 'x.com') then 'social'
        else 'referral'
    end as channel,

    platform,
    browser,
    case when platform in ('ios', 'android') then 'mobile' else 'desktop' end as device_type,

    events,
    page_views,
    product_views,
    cart_additions,
    checkouts,
    purchases,
    feature_uses,
    revenue,
    signed_up_at

from sources
