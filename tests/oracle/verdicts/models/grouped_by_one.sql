{{ config(materialized='view') }}
select code, count(*) as n, max(amount) as amount from {{ source('raw', 'items') }} group by code
