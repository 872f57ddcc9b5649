{# Snapshots: what tells rows and versions apart. #}

{# An identity of a version: a hash of expressions. #}
{% macro snapshot_hash_arguments(args) -%}{{ adapter.dispatch('snapshot_hash_arguments', 'dbt')(args) }}{%- endmacro %}
{% macro default__snapshot_hash_arguments(args) -%}
md5({% for arg in args %}coalesce(cast({{ arg }} as varchar), ''){{ " || '|' || " if not loop.last }}{% endfor %})
{%- endmacro %}

{# A text as a time. #}
{% macro snapshot_string_as_time(timestamp) -%}{{ adapter.dispatch('snapshot_string_as_time', 'dbt')(timestamp) }}{%- endmacro %}
{% macro default__snapshot_string_as_time(timestamp) %}
{{ exceptions.raise_not_implemented('there is no `snapshot_string_as_time` for ' ~ adapter.type()) }}
{% endmacro %}
{% macro datafusion__snapshot_string_as_time(timestamp) %}{{ return("'" ~ timestamp ~ "'::timestamp") }}{% endmacro %}

{# A condition that always holds. #}
{% macro get_true_sql() %}{{ adapter.dispatch('get_true_sql', 'dbt')() }}{% endmacro %}
{% macro default__get_true_sql() %}{{ return('TRUE') }}{% endmacro %}

{# The names of the columns that a snapshot adds. #}
{% macro get_snapshot_table_column_names() %}
{{ return({
    'dbt_valid_to': 'dbt_valid_to', 'dbt_valid_from': 'dbt_valid_from', 'dbt_scd_id': 'dbt_scd_id',
    'dbt_updated_at': 'dbt_updated_at', 'dbt_is_deleted': 'dbt_is_deleted'
}) }}
{% endmacro %}

{# The macro of a strategy, by `name` or `package.name`. #}
{% macro strategy_dispatch(name) %}
{% set parts = name.split('.') | list %}
{% set place = context[parts[0]] if parts | length > 1 else context %}
{% if not place %}
{{ exceptions.raise_compiler_error("there is no package for the snapshot strategy '" ~ name ~ "'") }}
{% endif %}
{% set found = place['snapshot_' ~ parts | last ~ '_strategy'] %}
{% if not found %}
{{ exceptions.raise_compiler_error("there is no macro for the snapshot strategy '" ~ name ~ "'") }}
{% endif %}
{{ return(found) }}
{% endmacro %}

{# What both strategies say, in the form that a strategy has. #}
{% macro datafusion_snapshot_strategy(updated_at, row_changed) %}
{% set hard_deletes = adapter.get_hard_deletes_behavior(config) %}
{% set keys = config.get('unique_key') %}
{{ return({
    'unique_key': keys,
    'updated_at': updated_at,
    'row_changed': row_changed,
    'scd_id': snapshot_hash_arguments(([keys] if keys is string else keys) + [updated_at]),
    'invalidate_hard_deletes': hard_deletes == 'invalidate',
    'hard_deletes': hard_deletes
}) }}
{% endmacro %}

{# A row has changed when its time is later than its version's. #}
{% macro snapshot_timestamp_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
{% set columns = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() %}
{% set updated_at = config.get('updated_at') %}
{{ return(dbt.datafusion_snapshot_strategy(updated_at, '(' ~ snapshotted_rel ~ '.' ~ columns.dbt_valid_from ~ ' < ' ~ current_rel ~ '.' ~ updated_at ~ ')')) }}
{% endmacro %}

{# A row has changed when one of its columns has. #}
{% macro snapshot_check_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
{% set found = snapshot_check_all_get_existing_columns(node, target_exists, config.get('check_cols')) %}
{% set changed -%}
({% if found[0] %}{{ get_true_sql() }}{% else %}
{%- for column in found[1] or [] -%}
{{ snapshotted_rel }}.{{ column }} is distinct from {{ current_rel }}.{{ column }}{{ ' or ' if not loop.last }}
{%- endfor %}{% endif %})
{%- endset %}
{{ return(dbt.datafusion_snapshot_strategy(config.get('updated_at') or snapshot_get_time() | trim, changed)) }}
{% endmacro %}

{# Whether a checked column is new, and the quoted names of those that are not. #}
{% macro snapshot_check_all_get_existing_columns(node, target_exists, check_cols_config) %}
{% if not target_exists %}{{ return((false, none)) }}{% endif %}
{% if check_cols_config is string and check_cols_config != 'all' or not check_cols_config %}
{{ exceptions.raise_compiler_error("`check_cols` is 'all' or a list of columns, not " ~ check_cols_config) }}
{% endif %}
{% set chosen = '*' if check_cols_config == 'all' else check_cols_config | join(', ') %}
{% set wanted = get_columns_in_query('select ' ~ chosen ~ ' from (\n' ~ node.compiled_code ~ '\n) subq') %}
{% set relation = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.alias) %}
{% set there = get_list_of_column_names(adapter.get_columns_in_relation(relation)) %}
{% set known = namespace(columns=[]) %}
{% for column in wanted if column in there %}{% set known.columns = known.columns + [adapter.quote(column)] %}{% endfor %}
{{ return((known.columns | length < wanted | length, known.columns | list)) }}
{% endmacro %}
