{% set steps = [
    ('purchase', 1, 'product view'),
    ('purchase', 2, 'cart'),
    ('purchase', 3, 'checkout'),
    ('purchase', 4, 'purchase'),
    ('activation', 1, 'signup'),
    ('activation', 2, 'activity'),
    ('activation', 3, 'day-1 activity'),
] %}

with sessions as (

    select * from {{ ref('int_sessions') }}

),

-- A session or user is at a step when it also took every step before it.
purchase_funnel as (

    select
        'purchase' as funnel_name,
        session_date as funnel_date,
        count(*) filter (where product_views > 0) as step_1,
        count(*) filter (where product_views > 0 and cart_additions > 0) as step_2,
        count(*) filter (where product_views > 0 and cart_additions > 0 and checkouts > 0) as step_3,
        count(*) filter (
            where product_views > 0 and cart_additions > 0 and checkouts > 0 and purchases > 0
        ) as step_4

    from sessions
    group by session_date

),

signups as (

    select
        visitor_id,
        min(signed_up_at) as signed_up_at,
        max(ended_at) as last_event_at

    from sessions
    group by visitor_id
    having min(signed_up_at) is not null

),

signup_days as (

    select
        cast(signups.signed_up_at as date) as signup_date,
        signups.last_event_at > signups.signed_up_at as was_active,
        next_day.visitor_id is not null as was_active_on_day_1

    from signups
    left join {{ ref('int_user_days') }} as next_day
        on signups.visitor_id = next_day.visitor_id
        and {{ add_days('cast(signups.signed_up_at as date)', 1) }} = next_day.activity_date

),

activation_funnel as (

    select
        'activation' as funnel_name,
        signup_date as funnel_date,
        count(*) as step_1,
        count(*) filter (where was_active) as step_2,
        count(*) filter (where was_active_on_day_1) as step_3

    from signup_days
    group by signup_date

),

steps as (

    {%- for funnel, number, step in steps %}
    {% if not loop.first %}union all{% endif %}
    select
        funnel_name,
        funnel_date,
        {{ number }} as step_number,
        '{{ step }}' as step_name,
        step_{{ number }} as reached
    from {{ funnel }}_funnel
    {%- endfor %}

),

compared as (

    select
        *,
        lag(reached) over by_step as reached_before,
        first_value(reached) over by_step as reached_first

    from steps
    window by_step as (partition by funnel_name, funnel_date order by step_number)

)

select
    funnel_name,
    funnel_date,
    cast(step_number as bigint) as step_number,
    step_name,
    reached,
    coalesce(reached_before, reached) - reached as dropped_off,
    {{ rate('reached', 'coalesce(reached_before, reached)') }} as step_rate,
    {{ rate('coalesce(reached_before, reached) - reached', 'coalesce(reached_before, reached)') }} as drop_off_rate,
    {{ rate('reached', 'reached_first') }} as overall_rate

from compared
