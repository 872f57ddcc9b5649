{#- A deterministic key from text and whole-number columns that are never null.
    Not for timestamps or decimals, whose text differs between engines. -#}
{% macro surrogate_key(columns) -%}
    md5(
        {%- for column in columns -%}
            cast({{ column }} as varchar){% if not loop.last %} || '-' || {% endif %}
        {%- endfor -%}
    )
{%- endmacro %}
