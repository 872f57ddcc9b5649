{#- A ratio to four decimals, null when there is nothing to divide by. The casts
    matter: one engine truncates integer division, the other does not. -#}
{% macro rate(numerator, denominator, decimals=4) -%}
    round(cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0), {{ decimals }})
{%- endmacro %}
