with versions as (

    select
        *,
        row_number() over (partition by user_id order by updated_at) as version_number,
        lead(updated_at) over (partition by user_id order by updated_at) as valid_to

    from {{ ref('stg_users') }}

),

churn as (

    select * from {{ ref('fct_churn') }}

)

select
    {{ surrogate_key(['versions.user_id', 'versions.version_number']) }} as user_version_id,
    versions.user_id,
    cast(versions.version_number as bigint) as version_number,
    versions.email,
    versions.full_name,
    versions.country,
    versions.plan,
    versions.is_marketing_opt_in,
    versions.updated_at as valid_from,
    versions.valid_to,
    versions.valid_to is null as is_current,
    churn.last_activity_date,
    coalesce(churn.churn_status, 'never active') as churn_status

from versions
left join churn on versions.user_id = churn.visitor_id
