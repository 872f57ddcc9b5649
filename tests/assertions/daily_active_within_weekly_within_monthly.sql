select
    date_day,
    dau,
    wau,
    mau
from {{ ref('fct_daily_engagement') }}
where dau > wau or wau > mau
