{#- A scalar of a JSON object as text, null when the key is missing. -#}
{% macro json_text(column, key) -%}
    {{ return(adapter.dispatch('json_text', 'clickstream')(column, key)) }}
{%- endmacro %}

{% macro datafusion__json_text(column, key) -%}
    json_as_text({{ column }}, '{{ key }}')
{%- endmacro %}

{% macro duckdb__json_text(column, key) -%}
    json_extract_string({{ column }}, '$.{{ key }}')
{%- endmacro %}
