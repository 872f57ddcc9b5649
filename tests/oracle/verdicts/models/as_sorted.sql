{{ config(materialized='table') }}
select * from {{ source('raw', 'items') }}
order by id, code
