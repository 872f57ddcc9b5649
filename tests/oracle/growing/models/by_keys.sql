{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['id', 'region'], on_schema_change='sync_all_columns') }}
select * from {{ ref('src') }}
