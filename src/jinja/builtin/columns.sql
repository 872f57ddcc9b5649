{# Columns of relations and of queries, and queries that are cut short. #}

{# The columns of a relation. #}
{% macro get_columns_in_relation(relation) %}{{ return(adapter.dispatch('get_columns_in_relation', 'dbt')(relation)) }}{% endmacro %}
{% macro default__get_columns_in_relation(relation) %}{{ return(adapter.get_columns_in_relation(relation)) }}{% endmacro %}

{# The names of columns. #}
{% macro get_list_of_column_names(columns) %}{{ return(columns | map(attribute='name') | list) }}{% endmacro %}

{# A query that has the columns of another and no rows. #}
{% macro get_empty_subquery_sql(select_sql, select_sql_header=none) %}
{{ return(adapter.dispatch('get_empty_subquery_sql', 'dbt')(select_sql, select_sql_header)) }}
{% endmacro %}
{% macro default__get_empty_subquery_sql(select_sql, select_sql_header=none) -%}
{{ select_sql_header or '' }}
select * from (
{{ select_sql }}
) as __dbt_sbq
where false
limit 0
{%- endmacro %}

{# A query of one row of nulls with the columns that properties describe. #}
{% macro get_empty_schema_sql(columns) %}{{ return(adapter.dispatch('get_empty_schema_sql', 'dbt')(columns)) }}{% endmacro %}
{% macro default__get_empty_schema_sql(columns) -%}
{%- set untyped = columns.values() | rejectattr('data_type') | map(attribute='name') | list -%}
{%- if untyped -%}{{ exceptions.column_type_missing(column_names=untyped) }}{%- endif -%}
select
{%- for column in columns.values() %}
    {{ dbt.cast('null', column.data_type) }} as {{ adapter.quote(column.name) if column.quote else column.name }}{{ ',' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{# The columns of a query. #}
{% macro get_column_schema_from_query(select_sql, select_sql_header=none) %}
{{ return(adapter.get_column_schema_from_query(get_empty_subquery_sql(select_sql, select_sql_header))) }}
{% endmacro %}

{# The names of a query's columns. #}
{% macro get_columns_in_query(select_sql) %}{{ return(adapter.dispatch('get_columns_in_query', 'dbt')(select_sql)) }}{% endmacro %}
{% macro default__get_columns_in_query(select_sql) %}
{{ return(get_list_of_column_names(get_column_schema_from_query(select_sql))) }}
{% endmacro %}

{# Names, quoted and with commas between. #}
{% macro get_quoted_csv(column_names) -%}
{%- set text -%}{%- for name in column_names -%}{{ adapter.quote(name) }}{{ ', ' if not loop.last }}{%- endfor -%}{%- endset -%}
{{ return(text) }}
{%- endmacro %}

{# The columns of the first list that the second has not. #}
{% macro diff_columns(source_columns, target_columns) %}
{% set names = target_columns | map(attribute='column') | list %}
{{ return(source_columns | rejectattr('column', 'in', names) | list) }}
{% endmacro %}

{# The columns of both lists whose types differ, as `column_name` and `new_type`. #}
{% macro diff_column_data_types(source_columns, target_columns) %}
{{ return(adapter.dispatch('diff_column_data_types', 'dbt')(source_columns, target_columns)) }}
{% endmacro %}
{% macro default__diff_column_data_types(source_columns, target_columns) %}
{% set found = namespace(changes=[]) %}
{% for source in source_columns %}
{% set target = target_columns | selectattr('name', 'equalto', source.name) | list | first %}
{% if target and source.expanded_data_type != target.expanded_data_type and not source.can_expand_to(other_column=target) %}
{% set found.changes = found.changes + [{'column_name': target.name, 'new_type': source.expanded_data_type}] %}
{% endif %}
{% endfor %}
{{ return(found.changes | list) }}
{% endmacro %}

{# Gives a column another type. #}
{% macro alter_column_type(relation, column_name, new_column_type) -%}
{{ return(adapter.dispatch('alter_column_type', 'dbt')(relation, column_name, new_column_type)) }}
{%- endmacro %}
{% macro default__alter_column_type(relation, column_name, new_column_type) -%}
{% call statement('alter_column_type') -%}
alter table {{ relation.render() }} alter column {{ adapter.quote(column_name) }} set data type {{ new_column_type }}
{%- endcall %}
{%- endmacro %}

{# Adds columns to a relation and removes others. #}
{% macro alter_relation_add_remove_columns(relation, add_columns=none, remove_columns=none) -%}
{{ return(adapter.dispatch('alter_relation_add_remove_columns', 'dbt')(relation, add_columns, remove_columns)) }}
{%- endmacro %}
{% macro default__alter_relation_add_remove_columns(relation, add_columns, remove_columns) %}
{% for column in add_columns or [] %}
{% do run_query('alter table ' ~ relation.render() ~ ' add column ' ~ column.quoted ~ ' ' ~ column.data_type) %}
{% endfor %}
{% for column in remove_columns or [] %}
{% do run_query('alter table ' ~ relation.render() ~ ' drop column ' ~ column.quoted) %}
{% endfor %}
{% endmacro %}

{# A query with no more than so many rows. #}
{% macro get_limit_subquery_sql(sql, limit) %}{{ adapter.dispatch('get_limit_sql', 'dbt')(sql, limit) }}{% endmacro %}
{% macro default__get_limit_sql(sql, limit) -%}
{{ sql }}
{{ 'limit ' ~ limit if limit is not none }}
{%- endmacro %}

{# The query that `show` runs. #}
{% macro get_show_sql(compiled_code, sql_header, limit) -%}
{{ sql_header or '' }}
{{ get_limit_subquery_sql(compiled_code, limit) }}
{%- endmacro %}
