{# Incremental models: what is checked before, and SQL that brings rows into a table. #}

{# What to do when columns change; the default where the configuration says nothing known. #}
{% macro incremental_validate_on_schema_change(on_schema_change, default='ignore') %}
{% if on_schema_change in ['sync_all_columns', 'append_new_columns', 'fail', 'ignore'] %}{{ return(on_schema_change) }}{% endif %}
{% do log('`on_schema_change: ' ~ on_schema_change ~ '` means nothing; taken as `' ~ default ~ '`') %}
{{ return(default) }}
{% endmacro %}

{# The quoted names of the columns that a merge updates. #}
{% macro get_merge_update_columns(merge_update_columns, merge_exclude_columns, dest_columns) %}
{{ return(adapter.dispatch('get_merge_update_columns', 'dbt')(merge_update_columns, merge_exclude_columns, dest_columns)) }}
{% endmacro %}
{% macro default__get_merge_update_columns(merge_update_columns, merge_exclude_columns, dest_columns) %}
{% if merge_update_columns and merge_exclude_columns %}
{{ exceptions.raise_compiler_error('a model has `merge_update_columns` or `merge_exclude_columns`, not both') }}
{% endif %}
{% if merge_update_columns %}{{ return(merge_update_columns) }}{% endif %}
{% set excluded = (merge_exclude_columns or []) | map('lower') | list %}
{% set found = namespace(columns=[]) %}
{% for column in dest_columns if column.column | lower not in excluded %}
{% set found.columns = found.columns + [column.quoted] %}
{% endfor %}
{{ return(found.columns | list) }}
{% endmacro %}

{# When a row of the source is the row of the table. #}
{% macro get_merge_unique_key_match(source_unique_key, target_unique_key) %}
{{ return(adapter.dispatch('get_merge_unique_key_match', 'dbt')(source_unique_key, target_unique_key)) }}
{% endmacro %}
{% macro default__get_merge_unique_key_match(source_unique_key, target_unique_key) %}
{{ return(equals(source_unique_key, target_unique_key) | trim) }}
{% endmacro %}

{# SQL that updates rows by key and inserts the others. #}
{% macro get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none, predicates=none) %}
{{ adapter.dispatch('get_merge_sql', 'dbt')(target, source, unique_key, dest_columns, predicates or incremental_predicates) }}
{% endmacro %}
{% macro default__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
{%- set names = get_quoted_csv(dest_columns | map(attribute='name')) -%}
{%- set updated = get_merge_update_columns(config.get('merge_update_columns'), config.get('merge_exclude_columns'), dest_columns) -%}
{%- set when = namespace(all=incremental_predicates or []) -%}
{%- if not unique_key -%}{%- set when.all = when.all + ['FALSE'] -%}
{%- elif unique_key is string -%}
{%- set when.all = when.all + [get_merge_unique_key_match('DBT_INTERNAL_SOURCE.' ~ unique_key, 'DBT_INTERNAL_DEST.' ~ unique_key)] -%}
{%- else -%}
{%- for key in unique_key -%}{%- set when.all = when.all + ['DBT_INTERNAL_SOURCE.' ~ key ~ ' = DBT_INTERNAL_DEST.' ~ key] -%}{%- endfor -%}
{%- endif -%}
{{ config.get('sql_header') or '' }}
merge into {{ target }} as DBT_INTERNAL_DEST
using {{ source }} as DBT_INTERNAL_SOURCE
on ({{ when.all | join(') and (') }})
{% if unique_key -%}
when matched then update set
    {% for name in updated %}{{ name }} = DBT_INTERNAL_SOURCE.{{ name }}{{ ', ' if not loop.last }}{% endfor %}
{%- endif %}
when not matched then insert ({{ names }})
values ({{ names }})
{%- endmacro %}

{# SQL that deletes rows by key and inserts all new ones. #}
{% macro get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) %}
{{ adapter.dispatch('get_delete_insert_merge_sql', 'dbt')(target, source, unique_key, dest_columns, incremental_predicates) }}
{% endmacro %}
{% macro default__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
{%- if unique_key -%}
{%- set keys = unique_key if unique_key is string else unique_key | join(', ') -%}
delete from {{ target }} as DBT_INTERNAL_DEST
where ({{ keys }}) in (select distinct {{ keys }} from {{ source }} as DBT_INTERNAL_SOURCE)
{%- for predicate in incremental_predicates or [] %}
and {{ predicate }}
{%- endfor -%};
{% endif -%}
{{ get_insert_into_sql(target, source, dest_columns) }}
{%- endmacro %}

{# SQL that replaces all rows, or those that predicates choose. #}
{% macro get_insert_overwrite_merge_sql(target, source, dest_columns, predicates, include_sql_header=false) %}
{{ adapter.dispatch('get_insert_overwrite_merge_sql', 'dbt')(target, source, dest_columns, predicates, include_sql_header) }}
{% endmacro %}
{% macro default__get_insert_overwrite_merge_sql(target, source, dest_columns, predicates, include_sql_header) -%}
{%- set names = get_quoted_csv(dest_columns | map(attribute='name')) -%}
{{ config.get('sql_header') or '' if include_sql_header }}
merge into {{ target }} as DBT_INTERNAL_DEST
using {{ source }} as DBT_INTERNAL_SOURCE
on FALSE
when not matched by source {{ 'and ' ~ predicates | join(' and ') if predicates }} then delete
when not matched then insert ({{ names }})
values ({{ names }})
{%- endmacro %}

{# SQL that inserts rows. #}
{% macro get_insert_into_sql(target_relation, temp_relation, dest_columns) -%}
{%- set names = get_quoted_csv(dest_columns | map(attribute='name')) -%}
insert into {{ target_relation }} ({{ names }}) (select {{ names }} from {{ temp_relation }})
{%- endmacro %}

{# The SQL of each strategy; projects add their own as `get_incremental_<name>_sql`. #}
{% macro get_incremental_append_sql(arg_dict) %}{{ return(adapter.dispatch('get_incremental_append_sql', 'dbt')(arg_dict)) }}{% endmacro %}
{% macro default__get_incremental_append_sql(arg_dict) %}
{{ return(get_insert_into_sql(arg_dict.target_relation, arg_dict.temp_relation, arg_dict.dest_columns)) }}
{% endmacro %}

{% macro get_incremental_delete_insert_sql(arg_dict) %}{{ return(adapter.dispatch('get_incremental_delete_insert_sql', 'dbt')(arg_dict)) }}{% endmacro %}
{% macro default__get_incremental_delete_insert_sql(arg_dict) %}
{{ return(get_delete_insert_merge_sql(arg_dict.target_relation, arg_dict.temp_relation, arg_dict.unique_key, arg_dict.dest_columns, arg_dict.incremental_predicates)) }}
{% endmacro %}

{% macro get_incremental_merge_sql(arg_dict) %}{{ return(adapter.dispatch('get_incremental_merge_sql', 'dbt')(arg_dict)) }}{% endmacro %}
{% macro default__get_incremental_merge_sql(arg_dict) %}
{{ return(get_merge_sql(arg_dict.target_relation, arg_dict.temp_relation, arg_dict.unique_key, arg_dict.dest_columns, arg_dict.incremental_predicates)) }}
{% endmacro %}

{% macro get_incremental_insert_overwrite_sql(arg_dict) %}{{ return(adapter.dispatch('get_incremental_insert_overwrite_sql', 'dbt')(arg_dict)) }}{% endmacro %}
{% macro default__get_incremental_insert_overwrite_sql(arg_dict) %}
{{ return(get_insert_overwrite_merge_sql(arg_dict.target_relation, arg_dict.temp_relation, arg_dict.dest_columns, arg_dict.incremental_predicates)) }}
{% endmacro %}

{# The strategy of a model that names none; like dbt-duckdb's. #}
{% macro get_incremental_default_sql(arg_dict) %}{{ return(adapter.dispatch('get_incremental_default_sql', 'dbt')(arg_dict)) }}{% endmacro %}
{% macro default__get_incremental_default_sql(arg_dict) %}{{ return(get_incremental_append_sql(arg_dict)) }}{% endmacro %}
{% macro datafusion__get_incremental_default_sql(arg_dict) %}{{ return(get_incremental_delete_insert_sql(arg_dict)) }}{% endmacro %}
