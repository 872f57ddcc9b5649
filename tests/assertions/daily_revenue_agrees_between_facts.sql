with sold as (

    select
        revenue_date,
        cast(sum(revenue) as decimal(18, 2)) as revenue,
        cast(sum(purchases) as bigint) as purchases
    from {{ ref('fct_revenue') }}
    group by revenue_date

)

select
    engagement.date_day,
    engagement.revenue,
    engagement.purchases,
    sold.revenue as sold_revenue,
    sold.purchases as sold_purchases
from {{ ref('fct_daily_engagement') }} as engagement
left join sold on engagement.date_day = sold.revenue_date
where
    engagement.revenue <> coalesce(sold.revenue, 0)
    or engagement.purchases <> coalesce(sold.purchases, 0)
