{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}
select id, region, name, amount, updated_at from {{ ref('src') }}
