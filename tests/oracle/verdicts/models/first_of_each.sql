{{ config(materialized='table') }}
with numbered as (
    select *, row_number() over (partition by code order by id, note, sequence) as position from {{ source('raw', 'items') }}
)
select code, id, note, flag from numbered where position = 1
