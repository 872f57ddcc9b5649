with users as (

    select * from {{ source('raw', 'users') }}

)

select
    cast(user_id as varchar) as user_id,
    updated_at,
    lower(email) as email,
    full_name,
    country,
    plan,
    cast(is_marketing_opt_in as boolean) as is_marketing_opt_in

from users
