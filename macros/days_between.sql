{#- Whole days from one date to another, negative when the second comes first.
    Date minus date is a number in one engine and an interval in the other. -#}
{% macro days_between(start_date, end_date) -%}
    cast(
        (
            extract(epoch from cast({{ end_date }} as timestamp))
            - extract(epoch from cast({{ start_date }} as timestamp))
        ) / 86400 as bigint
    )
{%- endmacro %}
