with as_of as (

    select {{ as_of_date(ref('int_user_days')) }} as as_of_date

),

visitors as (

    select
        user_days.visitor_id,
        as_of.as_of_date,
        min(user_days.activity_date) as first_activity_date,
        max(user_days.activity_date) as last_activity_date,
        count(*) as active_days,
        cast(sum(user_days.sessions) as bigint) as sessions,
        cast(sum(user_days.purchases) as bigint) as purchases,
        cast(sum(user_days.revenue) as decimal(18, 2)) as revenue

    from {{ ref('int_user_days') }} as user_days
    cross join as_of
    where user_days.activity_date <= as_of.as_of_date
    group by user_days.visitor_id, as_of.as_of_date

),

inactivity as (

    select
        *,
        {{ days_between('last_activity_date', 'as_of_date') }} as days_inactive

    from visitors

),

registered_users as (

    select distinct user_id
    from {{ ref('stg_users') }}

)

select
    inactivity.visitor_id,
    registered_users.user_id is not null as is_registered,
    inactivity.as_of_date,
    inactivity.first_activity_date,
    inactivity.last_activity_date,
    inactivity.days_inactive,
    case
        when inactivity.days_inactive < 7 then 'active'
        when inactivity.days_inactive < 14 then 'soft churn'
        when inactivity.days_inactive < 30 then 'churned'
        else 'hard churn'
    end as churn_status,
    inactivity.active_days,
    inactivity.sessions,
    inactivity.purchases,
    inactivity.revenue

from inactivity
left join registered_users on inactivity.visitor_id = registered_users.user_id
