with totals as (

    select
        (select count(*) from {{ ref('stg_events') }}) as staged,
        (select cast(sum(events) as bigint) from {{ ref('int_sessions') }}) as in_sessions,
        (select cast(sum(events) as bigint) from {{ ref('int_user_days') }}) as in_user_days

)

select *
from totals
where staged <> in_sessions or staged <> in_user_days
