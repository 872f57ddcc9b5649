{{ config(materialized='view') }}
select code, count(*) as n, max(price) as price from {{ source('raw', 'items') }} group by code
