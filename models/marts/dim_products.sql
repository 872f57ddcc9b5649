with products as (

    select * from {{ ref('stg_products') }}

),

interactions as (

    select
        product_id,
        count(*) filter (where views > 0) as sessions_viewed,
        count(*) filter (where views > 0 and purchases > 0) as sessions_viewed_and_purchased,
        cast(sum(views) as bigint) as views,
        cast(sum(cart_additions) as bigint) as cart_additions,
        cast(sum(purchases) as bigint) as purchases,
        cast(sum(units) as bigint) as units_sold,
        cast(sum(revenue) as decimal(18, 2)) as revenue

    from {{ ref('int_product_interactions') }}
    group by product_id

)

select
    products.product_id,
    products.product_name,
    products.category,
    products.price,
    products.cost,
    cast(products.price - products.cost as decimal(18, 2)) as unit_margin,
    {{ rate('products.price - products.cost', 'products.price') }} as margin_rate,
    products.launched_on,
    coalesce(interactions.views, 0) as views,
    coalesce(interactions.cart_additions, 0) as cart_additions,
    coalesce(interactions.purchases, 0) as purchases,
    coalesce(interactions.units_sold, 0) as units_sold,
    cast(coalesce(interactions.revenue, 0) as decimal(18, 2)) as revenue,
    {{ rate('interactions.sessions_viewed_and_purchased', 'interactions.sessions_viewed') }} as view_to_purchase_rate

from products
left join interactions on products.product_id = interactions.product_id
