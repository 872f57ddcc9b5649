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
{% if name == 'timestamp' %}{{ return(snapshot_timestamp_strategy) }}{% endif %}
{% if name == 'check' %}{{ return(snapshot_check_strategy) }}{% endif %}
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

{# The time that is given to what has changed: a project may have a `snapshot_get_time` of its own. Not for conditions. #}
{% macro datafusion_snapshot_time() -%}
{% set time = snapshot_get_time() | trim -%}
{{ 'arrowmill_snapshot_time()' if time == dbt.datafusion__snapshot_get_time() | trim else time }}
{%- endmacro %}

{# A row has changed when one of its columns has. #}
{% macro snapshot_check_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
{% set found = snapshot_check_all_get_existing_columns(node, target_exists, config.get('check_cols')) %}
{% set changed -%}
({% if found[0] %}{{ get_true_sql() }}{% else %}
{%- for column in found[1] or [] -%}
({{ snapshotted_rel }}.{{ column }} is distinct from {{ current_rel }}.{{ column }}){{ ' or ' if not loop.last }}
{%- endfor %}{% endif %})
{%- endset %}
{{ return(dbt.datafusion_snapshot_strategy(config.get('updated_at') or dbt.datafusion_snapshot_time() | trim, changed)) }}
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

{# Keys as columns of their own, for joins. #}
{% macro datafusion_snapshot_keys(keys) -%}
{% for key in keys %}{{ key }} as dbt_unique_key_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}

{# Whether two rows are of one key. #}
{% macro datafusion_snapshot_join(keys, left, right) -%}
{% for key in keys %}{{ equals(left ~ '.dbt_unique_key_' ~ loop.index, right ~ '.dbt_unique_key_' ~ loop.index) }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}

{# Whether a version still holds. #}
{% macro datafusion_snapshot_holds(column) -%}
{% set current = config.get('dbt_valid_to_current') -%}
{% if current %}({{ equals(column, current | trim) }} or {{ column }} is null){% else %}{{ column }} is null{% endif %}
{%- endmacro %}

{# The rows that a snapshot has after it was taken: of `model.compiled_code`, and of the table as it is. #}
{% macro datafusion_snapshot(target_exists) -%}
{% set columns = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() -%}
{% set strategy = strategy_dispatch(config.get('strategy'))(model, 'snapshotted_data', 'source_data', config, target_exists) -%}
{% set valid_to = 'coalesce(nullif(' ~ strategy.updated_at ~ ', ' ~ strategy.updated_at ~ '), ' ~ (config.get('dbt_valid_to_current') or 'null') ~ ')' -%}
{% set marks = strategy.hard_deletes == 'new_record' -%}
{% if not target_exists -%}
select *,
    {{ strategy.scd_id }} as {{ columns.dbt_scd_id }},
    {{ strategy.updated_at }} as {{ columns.dbt_updated_at }},
    {{ strategy.updated_at }} as {{ columns.dbt_valid_from }},
    {{ valid_to }} as {{ columns.dbt_valid_to }}{{ ", 'False' as " ~ columns.dbt_is_deleted if marks }}
from (
{{ model.compiled_code }}
) sbq
{%- else -%}
{% set keys = [strategy.unique_key] if strategy.unique_key is string else strategy.unique_key -%}
{% set deleted = columns.dbt_is_deleted -%}
{% set now = dbt.datafusion_snapshot_time() | trim -%}
{% set own = [columns.dbt_updated_at, columns.dbt_valid_from, columns.dbt_valid_to, columns.dbt_scd_id] + ([deleted] if marks else []) -%}
{% set there = get_list_of_column_names(adapter.get_columns_in_relation(this)) -%}
{% set given = get_columns_in_query(model.compiled_code) -%}
{% set low = there | map('lower') | list -%}
{% set given = get_columns_in_query(model.compiled_code) -%}
{% set low = there | map('lower') | list -%}
{% set lacking = namespace(columns=[]) -%}
{% for column in [columns.dbt_scd_id, columns.dbt_valid_from, columns.dbt_valid_to, columns.dbt_updated_at] if column | lower not in low -%}
{% set lacking.columns = lacking.columns + [column] -%}
{% endfor -%}
{% if lacking.columns -%}
{{ exceptions.raise_compiler_error('Snapshot target is missing configured columns: ' ~ lacking.columns | join(', ')) }}
{%- endif -%}
{% set added = namespace(columns=[]) -%}
{% for column in given + own if column | lower not in low %}{% set added.columns = added.columns + [column] %}{% endfor -%}
{% set all = there + added.columns -%}
{% set known = (given + own) | map('lower') | list -%}
{% set given_low = given | map('lower') | list -%}
{% set was_deleted = 'snapshotted_data.' ~ deleted ~ " = 'True'" -%}
{% set changed = '(' ~ strategy.row_changed ~ (' or ' ~ was_deleted if marks else '') ~ ')' -%}
{% set gone -%}
from snapshotted_data left join source_data on {{ dbt.datafusion_snapshot_join(keys, 'snapshotted_data', 'source_data') }}
    where source_data.dbt_unique_key_1 is null
    {%- if marks %} and not ({{ was_deleted }} and {% if config.get('dbt_valid_to_current') -%}
    snapshotted_data.{{ columns.dbt_valid_to }} = {{ config.get('dbt_valid_to_current') }}
    {%- else -%}snapshotted_data.{{ columns.dbt_valid_to }} is null{%- endif %}){% endif -%}
{% endset -%}
with snapshot_query as (
{{ model.compiled_code }}
),
snapshotted_data as (
    select *, {{ dbt.datafusion_snapshot_keys(keys) }} from {{ this }}
    where {{ dbt.datafusion_snapshot_holds(columns.dbt_valid_to) }}
),
source_data as (
    select *, {{ dbt.datafusion_snapshot_keys(keys) }},
        {{ strategy.updated_at }} as {{ columns.dbt_updated_at }},
        {{ strategy.updated_at }} as {{ columns.dbt_valid_from }},
        {{ valid_to }} as {{ columns.dbt_valid_to }},
        {{ strategy.scd_id }} as {{ columns.dbt_scd_id }}{{ ", 'False' as " ~ deleted if marks }}
    from snapshot_query
),
endings as (
    select snapshotted_data.{{ columns.dbt_scd_id }} as scd_id, source_data.{{ columns.dbt_updated_at }} as ends_at
    from source_data join snapshotted_data on {{ dbt.datafusion_snapshot_join(keys, 'snapshotted_data', 'source_data') }}
    where {{ changed }}
    {%- if strategy.hard_deletes in ['invalidate', 'new_record'] %}
    union all
    select snapshotted_data.{{ columns.dbt_scd_id }}, {{ now }} {{ gone }}
    {%- endif %}
),
ended as (select scd_id, max(ends_at) as ends_at from endings group by scd_id)
select
    {%- for column in all %}
    {% if column in added.columns %}null{% elif column | lower == columns.dbt_valid_to | lower -%}
    case when ended.scd_id is not null and {{ dbt.datafusion_snapshot_holds('was.' ~ adapter.quote(column)) }} then ended.ends_at else was.{{ adapter.quote(column) }} end
    {%- else %}was.{{ adapter.quote(column) }}{% endif %} as {{ adapter.quote(column) }}{{ ',' if not loop.last }}
    {%- endfor %}
from ended right join {{ this }} as was on ended.scd_id = was.{{ columns.dbt_scd_id }}
union all
select
    {%- for column in all %}
    {% if column | lower in known %}source_data.{{ adapter.quote(column) }}{% else %}null{% endif %} as {{ adapter.quote(column) }}{{ ',' if not loop.last }}
    {%- endfor %}
from source_data left join snapshotted_data on {{ dbt.datafusion_snapshot_join(keys, 'snapshotted_data', 'source_data') }}
where snapshotted_data.dbt_unique_key_1 is null or (snapshotted_data.dbt_unique_key_1 is not null and {{ changed }})
{%- if marks %}
union all
select
    {%- for column in all %}
    {% if column | lower in [columns.dbt_valid_from | lower, columns.dbt_updated_at | lower] %}{{ now }}
    {%- elif column | lower == columns.dbt_scd_id | lower %}{{ snapshot_hash_arguments(['snapshotted_data.' ~ columns.dbt_scd_id, now]) }}
    {%- elif column | lower == deleted | lower %}'True'
    {%- elif column in added.columns %}null
    {%- elif column | lower in given_low or column | lower == columns.dbt_valid_to | lower %}snapshotted_data.{{ adapter.quote(column) }}
    {%- else %}null{% endif %} as {{ adapter.quote(column) }}{{ ',' if not loop.last }}
    {%- endfor %}
{{ gone }}
{%- endif %}
{%- endif %}
{%- endmacro %}
