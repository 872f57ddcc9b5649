with totals as (

    select
        (select count(*) from {{ ref('stg_events') }} where event_name = 'checkout_completed') as purchases,
        (select count(*) from {{ ref('fct_conversions') }}) as conversions

)

select *
from totals
where purchases <> conversions
