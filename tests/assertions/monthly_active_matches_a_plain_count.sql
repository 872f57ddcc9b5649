-- The running sum of the model against a distinct count, on the newest day.
with newest as (

    select max(date_day) as newest_day
    from {{ ref('fct_daily_engagement') }}

),

counted as (

    select
        newest.newest_day,
        count(distinct user_days.visitor_id) as mau,
        count(distinct case
            when user_days.activity_date > {{ add_days('newest.newest_day', -7) }} then user_days.visitor_id
        end) as wau
    from {{ ref('int_user_days') }} as user_days
    cross join newest
    where user_days.activity_date > {{ add_days('newest.newest_day', -30) }}
    group by newest.newest_day

)

select
    engagement.date_day,
    engagement.wau,
    engagement.mau,
    counted.wau as counted_wau,
    counted.mau as counted_mau
from {{ ref('fct_daily_engagement') }} as engagement
inner join counted on engagement.date_day = counted.newest_day
where engagement.wau <> counted.wau or engagement.mau <> counted.mau
