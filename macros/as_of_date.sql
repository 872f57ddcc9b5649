{#- The day as of which churn is judged: the variable, or the newest day of activity. -#}
{% macro as_of_date(user_days) -%}
    {%- if var('as_of_date') -%}
        cast('{{ var("as_of_date") }}' as date)
    {%- else -%}
        (select max(activity_date) from {{ user_days }})
    {%- endif -%}
{%- endmacro %}
