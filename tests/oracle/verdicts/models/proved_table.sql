{{ config(materialized='table') }}
select
    id,
    coalesce(code, 'none') as code,
    case when amount > 10 then 'large' when amount > 2 then 'small' else 'least' end as size,
    case when flag then 'yes' when not flag then 'no' end as said,
    row_number() over (order by id, note, sequence) as number,
    coalesce(note, code) as note
from {{ source('raw', 'items') }}
