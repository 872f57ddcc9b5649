{{ config(materialized='view') }}
select distinct code from {{ source('raw', 'items') }}
