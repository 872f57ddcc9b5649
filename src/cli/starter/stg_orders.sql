select
    order_id,
    customer,
    cast(ordered_at as date) as ordered_on,
    status,
    amount
from {{ source('raw', 'orders') }}
