with journey as (

    select * from {{ ref('int_user_journey') }}

),

purchases as (

    select
        session_events.transaction_id,
        session_events.event_id,
        session_events.session_id,
        session_events.event_timestamp as purchased_at,
        session_events.product_id,
        session_events.quantity,
        session_events.revenue,
        journey.visitor_id,
        journey.session_number,
        journey.started_at as session_started_at

    from {{ ref('int_session_events') }} as session_events
    inner join journey on session_events.session_id = journey.session_id
    where session_events.event_name = 'checkout_completed'

),

-- Coming back directly does not take the credit from the channel before.
last_touches as (

    select
        purchasing.session_id,
        coalesce(
            max(case when journey.channel <> 'direct' then journey.session_number end),
            max(journey.session_number)
        ) as session_number

    from journey as purchasing
    inner join journey
        on purchasing.visitor_id = journey.visitor_id
        and purchasing.session_number >= journey.session_number
    where purchasing.purchases > 0
    group by purchasing.session_id

),

attributed as (

    select
        purchases.*,
        row_number() over (
            partition by purchases.visitor_id
            order by purchases.purchased_at, purchases.event_id
        ) as purchase_number,
        first_touch.started_at as first_seen_at,
        first_touch.channel as first_touch_channel,
        first_touch.utm_source as first_touch_source,
        first_touch.utm_campaign as first_touch_campaign,
        last_touch.channel as last_touch_channel,
        last_touch.utm_source as last_touch_source,
        last_touch.utm_campaign as last_touch_campaign

    from purchases
    inner join last_touches
        on purchases.session_id = last_touches.session_id
    inner join journey as first_touch
        on purchases.visitor_id = first_touch.visitor_id
        and first_touch.session_number = 1
    inner join journey as last_touch
        on purchases.visitor_id = last_touch.visitor_id
        and last_touches.session_number = last_touch.session_number

)

select
    transaction_id,
    session_id,
    visitor_id,
    purchased_at,
    cast(purchased_at as date) as purchase_date,
    product_id,
    quantity,
    revenue,
    cast(purchase_number as bigint) as purchase_number,
    purchase_number = 1 as is_first_purchase,
    first_touch_channel,
    first_touch_source,
    first_touch_campaign,
    last_touch_channel,
    last_touch_source,
    last_touch_campaign,
    session_number as sessions_to_purchase,
    {{ seconds_between('first_seen_at', 'purchased_at') }} as seconds_from_first_seen,
    {{ seconds_between('session_started_at', 'purchased_at') }} as seconds_from_session_start

from attributed
