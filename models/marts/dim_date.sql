{% set months = [
    'January', 'February', 'March', 'April', 'May', 'June',
    'July', 'August', 'September', 'October', 'November', 'December',
] %}
{% set weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] %}

with days as (

    select cast(day_start as date) as date_day
    from generate_series(
        cast('{{ var("calendar_first_day") }}' as timestamp),
        cast('{{ var("calendar_last_day") }}' as timestamp),
        interval '1 day'
    ) as calendar(day_start)

),

parts as (

    select
        date_day,
        cast(extract(year from date_day) as bigint) as year_number,
        cast(extract(quarter from date_day) as bigint) as quarter_of_year,
        cast(extract(month from date_day) as bigint) as month_of_year,
        cast(extract(week from date_day) as bigint) as iso_week_of_year,
        cast(extract(day from date_day) as bigint) as day_of_month,
        cast(extract(doy from date_day) as bigint) as day_of_year,
        -- The engines agree that Sunday is 0; ISO has it as 7.
        cast(case extract(dow from date_day) when 0 then 7 else extract(dow from date_day) end as bigint)
            as iso_day_of_week,
        cast(date_trunc('week', date_day) as date) as first_day_of_week,
        cast(date_trunc('month', date_day) as date) as first_day_of_month

    from days

)

select
    date_day,
    year_number,
    quarter_of_year,
    month_of_year,
    case month_of_year
        {%- for month in months %}
        when {{ loop.index }} then '{{ month }}'
        {%- endfor %}
    end as month_name,
    iso_week_of_year,
    day_of_month,
    day_of_year,
    iso_day_of_week,
    case iso_day_of_week
        {%- for weekday in weekdays %}
        when {{ loop.index }} then '{{ weekday }}'
        {%- endfor %}
    end as day_name,
    iso_day_of_week >= 6 as is_weekend,
    first_day_of_week,
    first_day_of_month

from parts
