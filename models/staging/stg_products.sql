with products as (

    select * from {{ source('raw', 'products') }}

)

select
    cast(product_id as varchar) as product_id,
    product_name,
    category,
    cast(price as decimal(18, 2)) as price,
    cast(cost as decimal(18, 2)) as cost,
    cast(launched_on as date) as launched_on

from products
