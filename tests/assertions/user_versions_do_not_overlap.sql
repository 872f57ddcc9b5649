select
    earlier.user_id,
    earlier.version_number,
    earlier.valid_to,
    later.valid_from as next_valid_from
from {{ ref('dim_users') }} as earlier
inner join {{ ref('dim_users') }} as later
    on earlier.user_id = later.user_id
    and earlier.version_number + 1 = later.version_number
where
    earlier.valid_to is null
    or earlier.valid_to <> later.valid_from
    or earlier.valid_from >= earlier.valid_to
