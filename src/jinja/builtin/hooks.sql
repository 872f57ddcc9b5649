{# Hooks, for materialisations that run them themselves. #}

{# Carries hooks out, those inside of a transaction or those outside. #}
{% macro run_hooks(hooks, inside_transaction=True) %}
{% for hook in hooks if hook.get('transaction', True) == inside_transaction %}
{% set sql = render(hook.get('sql')) %}
{% if sql | trim | length > 0 %}{% call statement(auto_begin=inside_transaction) %}{{ sql }}{% endcall %}{% endif %}
{% endfor %}
{% endmacro %}
