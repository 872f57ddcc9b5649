with days as (

    select
        date_day,
        lag(date_day) over (order by date_day) as previous_day
    from {{ ref('fct_daily_engagement') }}

)

select *
from days
where {{ days_between('previous_day', 'date_day') }} <> 1
