with totals as (

    select
        (
            select cast(coalesce(sum(revenue), 0) as decimal(18, 2))
            from {{ ref('stg_events') }}
            where event_name = 'checkout_completed'
        ) as staged,
        (select cast(coalesce(sum(revenue), 0) as decimal(18, 2)) from {{ ref('fct_revenue') }}) as sold,
        (select cast(coalesce(sum(revenue), 0) as decimal(18, 2)) from {{ ref('fct_daily_engagement') }}) as daily

)

select *
from totals
where staged <> sold or staged <> daily
