with totals as (

    select
        (select count(*) from {{ ref('int_sessions') }}) as sessions,
        (select cast(sum(sessions) as bigint) from {{ ref('fct_daily_engagement') }}) as daily_sessions,
        (select cast(sum(sessions) as bigint) from {{ ref('fct_platform_usage') }}) as platform_sessions

)

select *
from totals
where sessions <> daily_sessions or sessions <> platform_sessions
