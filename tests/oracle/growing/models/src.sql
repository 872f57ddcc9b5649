-- What snapshots look at: without the row that comes twice.
select distinct id, region, name, amount, updated_at
    {%- if var('load') | int >= 4 %}, amount * 2 as twice{% endif %}
from {{ ref('loads') }}
where load = {{ var('load') }}
