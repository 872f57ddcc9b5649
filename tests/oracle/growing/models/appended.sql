-- The row that comes twice is there twice, and no load is there twice, even if it was begun twice.
{{ config(materialized='incremental', incremental_strategy='append') }}
select load, id, amount from {{ ref('loads') }} where load <= {{ var('load') }}
{% if is_incremental() %}and load > (select max(load) from {{ this }}){% endif %}
