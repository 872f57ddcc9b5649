{# What configurations of models call. #}

{# SQL to be run before the model's own: `{% call set_sql_header(config) %} … {% endcall %}`. #}
{% macro set_sql_header(config) -%}{{ config.set('sql_header', caller()) }}{%- endmacro %}

{# A hook as a configuration holds it. #}
{% macro make_hook_config(sql, inside_transaction) -%}{{ tojson({'sql': sql, 'transaction': inside_transaction}) }}{%- endmacro %}

{# A hook before the transaction, in it, and after it. #}
{% macro before_begin(sql) -%}{{ make_hook_config(sql, inside_transaction=false) }}{%- endmacro %}
{% macro in_transaction(sql) -%}{{ make_hook_config(sql, inside_transaction=true) }}{%- endmacro %}
{% macro after_commit(sql) -%}{{ make_hook_config(sql, inside_transaction=false) }}{%- endmacro %}

{# Whether a replaced relation keeps its grants. #}
{% macro copy_grants() %}{{ return(adapter.dispatch('copy_grants', 'dbt')()) }}{% endmacro %}
{% macro default__copy_grants() %}{{ return(true) }}{% endmacro %}

{# Whether grants from before may have to be taken back. #}
{% macro should_revoke(existing_relation, full_refresh_mode=true) %}
{{ return(false if not existing_relation else copy_grants() if full_refresh_mode else true) }}
{% endmacro %}

{# Grants a relation to users. Files have none: dbt-duckdb warns too. #}
{% macro apply_grants(relation, grant_config, should_revoke=true) %}
{{ return(adapter.dispatch('apply_grants', 'dbt')(relation, grant_config, should_revoke)) }}
{% endmacro %}
{% macro default__apply_grants(relation, grant_config, should_revoke=true) %}
{% if grant_config %}{% do exceptions.warn('grants are passed over: ' ~ adapter.type() ~ ' knows no users') %}{% endif %}
{% endmacro %}
