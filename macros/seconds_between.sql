{#- Seconds from one timestamp to another, both cut to the second: whole seconds
    are exact as floating point, fractions of them are not. -#}
{% macro seconds_between(start_at, end_at) -%}
    cast(
        extract(epoch from date_trunc('second', {{ end_at }}))
        - extract(epoch from date_trunc('second', {{ start_at }})) as bigint
    )
{%- endmacro %}
