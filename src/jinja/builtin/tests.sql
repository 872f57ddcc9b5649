{# Tests of data: queries for rows that should not be there, and what surrounds them. #}

{# No value twice. #}
{% test unique(model, column_name) %}{{ adapter.dispatch('test_unique', 'dbt')(model, column_name) }}{% endtest %}
{% macro default__test_unique(model, column_name) %}
select {{ column_name }} as unique_field, count(*) as n_records
from {{ model }}
where {{ column_name }} is not null
group by {{ column_name }}
having count(*) > 1
{% endmacro %}

{# No null. #}
{% test not_null(model, column_name) %}{{ adapter.dispatch('test_not_null', 'dbt')(model, column_name) }}{% endtest %}
{% macro default__test_not_null(model, column_name) %}
select {{ '*' if should_store_failures() else column_name }}
from {{ model }}
where {{ column_name }} is null
{% endmacro %}

{# No value but these. #}
{% test accepted_values(model, column_name, values, quote=True) %}
{{ adapter.dispatch('test_accepted_values', 'dbt')(model, column_name, values, quote) }}
{% endtest %}
{% macro default__test_accepted_values(model, column_name, values, quote=True) %}
{%- set mark = "'" if quote else '' %}
with found as (
    select {{ column_name }} as value_field, count(*) as n_records
    from {{ model }}
    group by {{ column_name }}
)
select *
from found
where value_field not in ({% for value in values %}{{ mark ~ value ~ mark }}{{ ', ' if not loop.last }}{% endfor %})
{% endmacro %}

{# Every value is one of another relation's. #}
{% test relationships(model, column_name, to, field) %}
{{ adapter.dispatch('test_relationships', 'dbt')(model, column_name, to, field) }}
{% endtest %}
{% macro default__test_relationships(model, column_name, to, field) %}
with children as (
    select {{ column_name }} as from_field from {{ model }} where {{ column_name }} is not null
),
parents as (
    select {{ field }} as to_field from {{ to }}
)
select from_field
from children left join parents on children.from_field = parents.to_field
where parents.to_field is null
{% endmacro %}

{# The relation that a test reads, behind the test's `where`. #}
{% macro get_where_subquery(relation) %}{{ return(adapter.dispatch('get_where_subquery', 'dbt')(relation)) }}{% endmacro %}
{% macro default__get_where_subquery(relation) %}
{% set where = config.get('where', '') %}
{{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') dbt_subquery' if where else relation) }}
{% endmacro %}

{# Whether a test keeps the rows that it finds. #}
{% macro should_store_failures() %}
{% set configured = config.get('store_failures') %}
{{ return(flags.STORE_FAILURES if configured is none else configured) }}
{% endmacro %}

{# The query that counts a test's rows and judges the number. #}
{% macro get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) -%}
{{ adapter.dispatch('get_test_sql', 'dbt')(main_sql, fail_calc, warn_if, error_if, limit) }}
{%- endmacro %}
{% macro default__get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) -%}
select
    {{ fail_calc }} as failures,
    {{ fail_calc }} {{ warn_if }} as should_warn,
    {{ fail_calc }} {{ error_if }} as should_error
from (
{{ main_sql }}
{{ 'limit ' ~ limit if limit is not none }}
) dbt_internal_test
{%- endmacro %}

{# The query that puts the rows that a unit test got beside those that it wants. #}
{% macro get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
{{ adapter.dispatch('get_unit_test_sql', 'dbt')(main_sql, expected_fixture_sql, expected_column_names) }}
{%- endmacro %}
{% macro default__get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
{%- set columns = expected_column_names | join(', ') -%}
{%- set mark = adapter.quote('actual_or_expected') -%}
with dbt_internal_unit_test_actual as (
    select {{ columns }}, {{ dbt.string_literal('actual') }} as {{ mark }}
    from (
{{ main_sql }}
    ) _dbt_internal_unit_test_actual
),
dbt_internal_unit_test_expected as (
    select {{ columns }}, {{ dbt.string_literal('expected') }} as {{ mark }}
    from (
{{ expected_fixture_sql }}
    ) _dbt_internal_unit_test_expected
)
select * from dbt_internal_unit_test_actual
union all
select * from dbt_internal_unit_test_expected
{%- endmacro %}

{# The rows of a unit test's input, as a query with all columns of the relation that they stand for. #}
{% macro get_fixture_sql(rows, column_name_to_data_types, column_name_to_quoted=none) %}
{%- set found = namespace(types={}, quoted={}) -%}
{%- if column_name_to_data_types -%}
{%- set found.types = column_name_to_data_types -%}
{%- set found.quoted = column_name_to_quoted or {} -%}
{%- else -%}
{%- for column in adapter.get_columns_in_relation(this) -%}
{%- set found.types = dict(found.types, **{column.name | lower: column.data_type}) -%}
{%- set found.quoted = dict(found.quoted, **{column.name | lower: column.quoted}) -%}
{%- endfor -%}
{%- endif -%}
{%- if not found.types -%}
{{ exceptions.raise_compiler_error("unit test '" ~ model.name ~ "' stands for rows of " ~ this ~ ", which does not exist") }}
{%- endif -%}
{{ validate_fixture_rows(rows, none) }}
{%- for row in rows or [{}] -%}
{%- set given = format_row(row, found.types) -%}
select {% for name, type in found.types | items -%}
{{ given.get(name) or safe_cast('null', type) | trim }} as {{ found.quoted.get(name) or adapter.quote(name) }}{{ ', ' if not loop.last }}
{%- endfor %}
{{ 'union all' if not loop.last }}
{% endfor %}
{{- 'limit 0' if not rows -}}
{% endmacro %}

{# The rows that a unit test wants, as a query. #}
{% macro get_expected_sql(rows, column_name_to_data_types, column_name_to_quoted) %}
{%- if not rows -%}
select * from dbt_internal_unit_test_actual limit 0
{%- endif -%}
{%- for row in rows -%}
select {% for name, value in format_row(row, column_name_to_data_types) | items -%}
{{ value }} as {{ column_name_to_quoted[name] }}{{ ', ' if not loop.last }}
{%- endfor %}
{{ 'union all' if not loop.last }}
{% endfor -%}
{% endmacro %}

{# A row of a unit test with its values as SQL of the columns' types, by names in lower case. #}
{% macro format_row(row, column_name_to_data_types) %}
{% set found = namespace(row={}) %}
{% for key, value in row | items %}
{% set name = key | lower %}
{% if name not in column_name_to_data_types %}
{% set place = 'what a unit test expects' if model.resource_type == 'unit_test' else "'" ~ model.name ~ "'" %}
{{ exceptions.raise_compiler_error("there is no column '" ~ name ~ "' in " ~ place ~ "; there is: " ~ column_name_to_data_types | join(', ')) }}
{% endif %}
{% set type = column_name_to_data_types[name] %}
{% if value is string %}
{# A type's length would cut the value and hide a difference. #}
{% set type = type.split('(')[0] if 'varying' in type else type %}
{% set sql = dbt.string_literal(dbt.escape_single_quotes(value)) %}
{% else %}
{% set sql = 'null' if value is none else value %}
{% endif %}
{# `safe_cast` would make null of a slip of the pen. #}
{% do found.row.update({name: dbt.cast(sql, type) | trim}) %}
{% endfor %}
{{ return(found.row) }}
{% endmacro %}

{# Where projects check rows of unit tests. #}
{% macro validate_fixture_rows(rows, row_number) %}{{ return(adapter.dispatch('validate_fixture_rows', 'dbt')(rows, row_number)) }}{% endmacro %}
{% macro default__validate_fixture_rows(rows, row_number) %}{% endmacro %}
