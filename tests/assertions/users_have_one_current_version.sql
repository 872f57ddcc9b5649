select
    user_id,
    count(*) filter (where is_current) as current_versions
from {{ ref('dim_users') }}
group by user_id
having count(*) filter (where is_current) <> 1
