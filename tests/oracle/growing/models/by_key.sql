{{ config(materialized='incremental', unique_key='id', on_schema_change='append_new_columns') }}
select * from {{ ref('src') }}
{% if is_incremental() %}where updated_at >= (select max(updated_at) from {{ this }}){% endif %}
