{{ config(materialized='table') }}
with counted as (
    select code, count(*) as n from {{ source('raw', 'items') }} group by code
),
codes as (
    select distinct code from {{ source('raw', 'items') }}
)
select counted.code, counted.n, codes.code as other
from counted left join codes on codes.code = counted.code
