{# Relations: names derived from names, what exists, and SQL that makes relations. #}

{# A relation beside another, for rows on their way. #}
{% macro make_temp_relation(base_relation, suffix='__dbt_tmp') %}
{% set batch = '_' ~ model.batch.id if suffix == '__dbt_tmp' and model.batch else '' %}
{{ return(adapter.dispatch('make_temp_relation', 'dbt')(base_relation, suffix ~ batch)) }}
{% endmacro %}
{% macro default__make_temp_relation(base_relation, suffix) %}
{{ return(base_relation.incorporate(path={'identifier': base_relation.identifier ~ suffix})) }}
{% endmacro %}

{# A relation beside another, for the new version of it. #}
{% macro make_intermediate_relation(base_relation, suffix='__dbt_tmp') %}
{{ return(adapter.dispatch('make_intermediate_relation', 'dbt')(base_relation, suffix)) }}
{% endmacro %}
{% macro default__make_intermediate_relation(base_relation, suffix) %}
{{ return(dbt.default__make_temp_relation(base_relation, suffix)) }}
{% endmacro %}

{# A relation beside another, for the old version of it. #}
{% macro make_backup_relation(base_relation, backup_relation_type, suffix='__dbt_backup') %}
{{ return(adapter.dispatch('make_backup_relation', 'dbt')(base_relation, backup_relation_type, suffix)) }}
{% endmacro %}
{% macro default__make_backup_relation(base_relation, backup_relation_type, suffix) %}
{{ return(base_relation.incorporate(path={'identifier': base_relation.identifier ~ suffix}, type=backup_relation_type)) }}
{% endmacro %}

{# The relation as it exists, or none. #}
{% macro load_cached_relation(relation) %}
{{ return(adapter.get_relation(database=relation.database, schema=relation.schema, identifier=relation.identifier)) }}
{% endmacro %}

{# The old name of that. #}
{% macro load_relation(relation) %}{{ return(load_cached_relation(relation)) }}{% endmacro %}

{# Whether a relation exists, and the relation. #}
{% macro get_or_create_relation(database, schema, identifier, type) %}
{{ return(adapter.dispatch('get_or_create_relation', 'dbt')(database, schema, identifier, type)) }}
{% endmacro %}
{% macro default__get_or_create_relation(database, schema, identifier, type) %}
{% set found = adapter.get_relation(database=database, schema=schema, identifier=identifier) %}
{{ return([true, found] if found else [false, api.Relation.create(database=database, schema=schema, identifier=identifier, type=type)]) }}
{% endmacro %}

{# The relations of a schema. #}
{% macro list_relations_without_caching(schema_relation) %}
{{ return(adapter.dispatch('list_relations_without_caching', 'dbt')(schema_relation)) }}
{% endmacro %}
{% macro default__list_relations_without_caching(schema_relation) %}
{{ return(adapter.list_relations(schema_relation.database, schema_relation.schema)) }}
{% endmacro %}

{# The schema that describes a database. #}
{% macro information_schema_name(database) %}{{ return(adapter.dispatch('information_schema_name', 'dbt')(database)) }}{% endmacro %}
{% macro default__information_schema_name(database) -%}
{{ database ~ '.' if database }}INFORMATION_SCHEMA
{%- endmacro %}

{# Makes a schema. The engine's appear with their first relation. #}
{% macro create_schema(relation) %}{{ adapter.dispatch('create_schema', 'dbt')(relation) }}{% endmacro %}
{% macro default__create_schema(relation) %}{% do adapter.create_schema(relation) %}{% endmacro %}

{# Removes a schema and all that is in it. #}
{% macro drop_schema(relation) %}{{ adapter.dispatch('drop_schema', 'dbt')(relation) }}{% endmacro %}
{% macro default__drop_schema(relation) %}{% do adapter.drop_schema(relation) %}{% endmacro %}

{# The same by name. #}
{% macro drop_schema_named(schema_name) %}{{ return(adapter.dispatch('drop_schema_named', 'dbt')(schema_name)) }}{% endmacro %}
{% macro default__drop_schema_named(schema_name) %}{% do adapter.drop_schema(api.Relation.create(schema=schema_name)) %}{% endmacro %}

{# Removes a relation. #}
{% macro drop_relation(relation) %}{{ return(adapter.dispatch('drop_relation', 'dbt')(relation)) }}{% endmacro %}
{% macro default__drop_relation(relation) %}{% do adapter.drop_relation(relation) %}{% endmacro %}

{# Removes a relation, unless it is none. #}
{% macro drop_relation_if_exists(relation) %}{% if relation is not none %}{% do adapter.drop_relation(relation) %}{% endif %}{% endmacro %}

{# Removes a relation's rows. #}
{% macro truncate_relation(relation) %}{{ return(adapter.dispatch('truncate_relation', 'dbt')(relation)) }}{% endmacro %}
{% macro default__truncate_relation(relation) %}{% do adapter.truncate_relation(relation) %}{% endmacro %}

{# Gives a relation another name. #}
{% macro rename_relation(from_relation, to_relation) %}
{{ return(adapter.dispatch('rename_relation', 'dbt')(from_relation, to_relation)) }}
{% endmacro %}
{% macro default__rename_relation(from_relation, to_relation) %}{% do adapter.rename_relation(from_relation, to_relation) %}{% endmacro %}

{# Whether `clone` gives a table the data of another; otherwise it makes a view. #}
{% macro can_clone_table() %}{{ return(adapter.dispatch('can_clone_table', 'dbt')()) }}{% endmacro %}
{% macro default__can_clone_table() %}{{ return(False) }}{% endmacro %}
{% macro datafusion__can_clone_table() %}{{ return(True) }}{% endmacro %}

{# SQL that makes a table of a query. #}
{% macro get_create_table_as_sql(temporary, relation, sql) -%}
{{ adapter.dispatch('get_create_table_as_sql', 'dbt')(temporary, relation, sql) }}
{%- endmacro %}
{% macro default__get_create_table_as_sql(temporary, relation, sql) -%}
{{ return(create_table_as(temporary, relation, sql)) }}
{%- endmacro %}

{# The old name of that. #}
{% macro create_table_as(temporary, relation, compiled_code, language='sql') -%}
{%- if language != 'sql' -%}{{ exceptions.raise_compiler_error('models are written in SQL, not in ' ~ language) }}{%- endif -%}
{{ adapter.dispatch('create_table_as', 'dbt')(temporary, relation, compiled_code) }}
{%- endmacro %}
{% macro default__create_table_as(temporary, relation, sql) -%}
{{ config.get('sql_header') or '' }}
create {{ 'temporary ' if temporary }}table {{ relation.include(database=not temporary, schema=not temporary) }} as (
{{ sql }}
);
{%- endmacro %}

{# SQL that makes a view of a query. #}
{% macro get_create_view_as_sql(relation, sql) -%}
{{ adapter.dispatch('get_create_view_as_sql', 'dbt')(relation, sql) }}
{%- endmacro %}
{% macro default__get_create_view_as_sql(relation, sql) -%}
{{ return(create_view_as(relation, sql)) }}
{%- endmacro %}

{# The old name of that. #}
{% macro create_view_as(relation, sql) -%}{{ adapter.dispatch('create_view_as', 'dbt')(relation, sql) }}{%- endmacro %}
{% macro default__create_view_as(relation, sql) -%}
{{ config.get('sql_header') or '' }}
create view {{ relation }} as (
{{ sql }}
);
{%- endmacro %}

{# dbt-duckdb's: views of external tables that others read. They are tables here, and nothing has to be made. #}
{% macro register_upstream_external_models() %}
{% endmacro %}
