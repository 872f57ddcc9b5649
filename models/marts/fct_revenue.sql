with daily_sales as (

    select
        purchase_date,
        product_id,
        count(*) as purchases,
        count(*) filter (where is_first_purchase) as first_purchases,
        cast(sum(quantity) as bigint) as units,
        cast(sum(revenue) as decimal(18, 2)) as revenue

    from {{ ref('fct_conversions') }}
    group by purchase_date, product_id

),

products as (

    select * from {{ ref('stg_products') }}

)

select
    daily_sales.purchase_date as revenue_date,
    daily_sales.product_id,
    products.category,
    daily_sales.purchases,
    daily_sales.first_purchases,
    daily_sales.units,
    daily_sales.revenue,
    cast(daily_sales.units * products.cost as decimal(18, 2)) as cost,
    cast(daily_sales.revenue - daily_sales.units * products.cost as decimal(18, 2)) as gross_margin,
    {{ rate('daily_sales.revenue', 'daily_sales.purchases', 2) }} as average_order_value

from daily_sales
left join products on daily_sales.product_id = products.product_id
