with events as (

    select * from {{ source('raw', 'events') }}

)

select
    event_id,
    client_id,
    user_id,
    event_name,
    event_timestamp,
    page_url,
    nullif(split_part(page_url, '?', 2), '') as page_query,
    -- The site's own pages are no referrers.
    nullif(split_part(referrer, '/', 3), split_part(page_url, '/', 3)) as referrer_domain,

    case
        when user_agent like '%iPhone%' or user_agent like '%iPad%' then 'ios'
        when user_agent like '%Android%' then 'android'
        when user_agent like '%Windows%' then 'windows'
        when user_agent like '%Macintosh%' then 'macos'
        when user_agent like '%Linux%' then 'linux'
        else 'other'
    end as platform,
    -- Most names appear in other browsers' user agents too: the order decides.
    case
        when user_agent like '%Edg%' then 'edge'
        when user_agent like '%Firefox/%' or user_agent like '%FxiOS/%' then 'firefox'
        when user_agent like '%Chrome/%' or user_agent like '%CriOS/%' then 'chrome'
        when user_agent like '%Safari/%' then 'safari'
        else 'other'
    end as browser,

    -- Only the events that carry a key are parsed for it.
    case
        when event_name in ('product_viewed', 'product_added_to_cart', 'checkout_started', 'checkout_completed')
            then {{ json_text('event_data', 'product_id') }}
    end as product_id,
    case
        when event_name in ('product_added_to_cart', 'checkout_completed')
            then cast({{ json_text('event_data', 'quantity') }} as bigint)
    end as quantity,
    case
        when event_name = 'product_added_to_cart'
            then cast({{ json_text('event_data', 'price') }} as decimal(18, 2))
    end as unit_price,
    case
        when event_name = 'checkout_completed'
            then {{ json_text('event_data', 'transaction_id') }}
    end as transaction_id,
    case
        when event_name = 'checkout_completed'
            then cast({{ json_text('event_data', 'revenue') }} as decimal(18, 2))
    end as revenue,
    case
        when event_name = 'feature_used'
            then {{ json_text('event_data', 'feature') }}
    end as feature,
    case
        when event_name = 'signed_up'
            then {{ json_text('event_data', 'plan') }}
    end as signup_plan

from events
