{#- A date plus a whole number of days. The engines disagree on the type of
    date + interval, hence the cast. -#}
{% macro add_days(date, days) -%}
    cast({{ date }} + interval '{{ days }} days' as date)
{%- endmacro %}
