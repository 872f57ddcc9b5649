{{ config(materialized='table') }}
select * from {{ source('raw', 'items') }} where false
