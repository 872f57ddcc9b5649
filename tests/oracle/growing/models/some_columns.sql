{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id', merge_update_columns=['amount']) }}
select id, region, name, amount, updated_at from {{ ref('src') }}
