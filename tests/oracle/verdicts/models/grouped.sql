{{ config(materialized='table') }}
select code, flag, count(*) as n, max(day) as day, count(note) as notes
from {{ source('raw', 'items') }}
group by code, flag
