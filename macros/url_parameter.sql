{#- The value of one parameter of a URL's query (what follows the `?`), or null. -#}
{% macro url_parameter(query, name) -%}
    nullif(split_part(split_part('&' || {{ query }}, '&{{ name }}=', 2), '&', 1), '')
{%- endmacro %}
