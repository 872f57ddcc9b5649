{{ config(materialized='view') }}
select id, coalesce(code, 'none') as code, 'large' as size, 'yes' as said, id as number, note
from {{ source('raw', 'items') }}
where note is not null
union all
select -1, 'none', 'least', 'no', -1, '1'
