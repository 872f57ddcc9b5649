with session_events as (

    select * from {{ ref('int_session_events') }}
    where product_id is not null

)

select
    session_id,
    product_id,
    min(event_timestamp) as first_interaction_at,
    count(*) filter (where event_name = 'product_viewed') as views,
    count(*) filter (where event_name = 'product_added_to_cart') as cart_additions,
    count(*) filter (where event_name = 'checkout_started') as checkouts,
    count(*) filter (where event_name = 'checkout_completed') as purchases,
    cast(coalesce(sum(quantity) filter (where event_name = 'checkout_completed'), 0) as bigint) as units,
    cast(coalesce(sum(revenue), 0) as decimal(18, 2)) as revenue

from session_events
group by session_id, product_id
