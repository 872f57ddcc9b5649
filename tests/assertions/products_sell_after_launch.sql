{{ config(severity='warn') }}

select
    sales.revenue_date,
    sales.product_id,
    products.launched_on
from {{ ref('fct_revenue') }} as sales
inner join {{ ref('dim_products') }} as products
    on sales.product_id = products.product_id
where sales.revenue_date < products.launched_on
