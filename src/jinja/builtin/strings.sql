{# Text. #}

{# Texts one after another; null where one of them is. #}
{% macro concat(fields) %}{{ return(adapter.dispatch('concat', 'dbt')(fields)) }}{% endmacro %}
{% macro default__concat(fields) -%}{{ fields | join(' || ') }}{%- endmacro %}

{# The MD5 of a value's text, in hexadecimal digits. #}
{% macro hash(field) %}{{ return(adapter.dispatch('hash', 'dbt')(field)) }}{% endmacro %}
{% macro default__hash(field) -%}md5(cast({{ field }} as {{ dbt.type_string() }})){%- endmacro %}

{# The number of characters. #}
{% macro length(expression) %}{{ return(adapter.dispatch('length', 'dbt')(expression)) }}{% endmacro %}
{% macro default__length(expression) -%}length({{ expression }}){%- endmacro %}

{# Where a text first stands in another, counted from 1; 0 where it does not. #}
{% macro position(substring_text, string_text) %}
{{ return(adapter.dispatch('position', 'dbt')(substring_text, string_text)) }}
{% endmacro %}
{% macro default__position(substring_text, string_text) -%}position({{ substring_text }} in {{ string_text }}){%- endmacro %}

{# A text with every occurrence of another replaced. #}
{% macro replace(field, old_chars, new_chars) %}
{{ return(adapter.dispatch('replace', 'dbt')(field, old_chars, new_chars)) }}
{% endmacro %}
{% macro default__replace(field, old_chars, new_chars) -%}replace({{ field }}, {{ old_chars }}, {{ new_chars }}){%- endmacro %}

{# The last characters of a text. #}
{% macro right(string_text, length_expression) %}
{{ return(adapter.dispatch('right', 'dbt')(string_text, length_expression)) }}
{% endmacro %}
{% macro default__right(string_text, length_expression) -%}right({{ string_text }}, {{ length_expression }}){%- endmacro %}

{# One part of a text that a delimiter cuts; null where there is none, negative numbers count from the end. #}
{% macro split_part(string_text, delimiter_text, part_number) %}
{{ return(adapter.dispatch('split_part', 'dbt')(string_text, delimiter_text, part_number)) }}
{% endmacro %}
{% macro default__split_part(string_text, delimiter_text, part_number) -%}
split_part({{ string_text }}, {{ delimiter_text }}, {{ part_number }})
{%- endmacro %}

{% macro duckdb__split_part(string_text, delimiter_text, part_number) -%}
string_split({{ string_text }}, {{ delimiter_text }})[{{ part_number }}]
{%- endmacro %}

{# The engine's own `split_part` gives an empty text where there is no part, its arrays have no part for an empty text. #}
{% macro datafusion__split_part(string_text, delimiter_text, part_number) -%}
case
    when {{ string_text }} = '' and abs({{ part_number }}) = 1 then ''
    else array_element(string_to_array({{ string_text }}, {{ delimiter_text }}), {{ part_number }})
end
{%- endmacro %}

{# A part counted from the end, for engines whose `split_part` can't. #}
{% macro _split_part_negative(string_text, delimiter_text, part_number) -%}
split_part({{ string_text }}, {{ delimiter_text }}, length({{ string_text }}) - length(replace({{ string_text }}, {{ delimiter_text }}, '')) + 2 + {{ part_number }})
{%- endmacro %}

{# A value between quotes; quotes in it stay as they are. #}
{% macro string_literal(value) %}{{ return(adapter.dispatch('string_literal', 'dbt')(value)) }}{% endmacro %}
{% macro default__string_literal(value) -%}'{{ value }}'{%- endmacro %}

{# A text of the template with its quotes doubled. #}
{% macro escape_single_quotes(expression) %}{{ return(adapter.dispatch('escape_single_quotes', 'dbt')(expression)) }}{% endmacro %}
{% macro default__escape_single_quotes(expression) -%}{{ expression | replace("'", "''") }}{%- endmacro %}
