{# Dates and times: arithmetic, parts, series, and dates of the template itself. #}

{# A name of a date part as the engine knows it: lower case, singular. #}
{% macro datafusion_datepart(datepart) %}{{ return((datepart | string | trim | lower).rstrip('s')) }}{% endmacro %}

{# Microseconds in a part that is always equally long; none for others. #}
{% macro datafusion_microseconds_in(part) -%}
{{ return({
    'microsecond': 1, 'millisecond': 1000, 'second': 1000000, 'minute': 60000000, 'hour': 3600000000,
    'day': 86400000000, 'week': 604800000000
}.get(part)) }}
{%- endmacro %}

{# Months in a part that is made of months; an error for what is no part. #}
{% macro datafusion_months_in(part) -%}
{%- set months = {'month': 1, 'quarter': 3, 'year': 12, 'decade': 120, 'century': 1200, 'millennium': 12000}.get(part) -%}
{%- if not months -%}{{ exceptions.raise_compiler_error("there is no date part `" ~ part ~ "`") }}{%- endif -%}
{{ return(months) }}
{%- endmacro %}

{# A date or timestamp, moved by a number of parts; a timestamp. #}
{% macro dateadd(datepart, interval, from_date_or_timestamp) %}
{{ return(adapter.dispatch('dateadd', 'dbt')(datepart, interval, from_date_or_timestamp)) }}
{% endmacro %}

{% macro default__dateadd(datepart, interval, from_date_or_timestamp) -%}
dateadd({{ datepart }}, {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}

{# DuckDB adds nothing to a text. One that is written as such, as packages for several databases do, is a time all the same. #}
{% macro duckdb__dateadd(datepart, interval, from_date_or_timestamp) -%}
{%- set part = datepart | lower -%}
{%- set count, unit = {'quarter': (3, 'month'), 'week': (7, 'day')}.get(part, (1, part)) -%}
{%- set from = from_date_or_timestamp | string | trim -%}
{%- set is_text = from | length > 2 and from[0] == "'" and from[-1] == "'" and "'" not in from[1:-1] -%}
({{ 'cast(' ~ from ~ ' as timestamp)' if is_text else from }} + (cast({{ interval }} as bigint) * {{ count }}) * interval 1 {{ unit }})
{%- endmacro %}

{# The engine multiplies no intervals: a duration is counted out, months are read from text. #}
{% macro datafusion__dateadd(datepart, interval, from_date_or_timestamp) -%}
{%- set part = dbt.datafusion_datepart(datepart) -%}
{%- set micros = dbt.datafusion_microseconds_in(part) -%}
{%- if micros -%}
(cast({{ from_date_or_timestamp }} as timestamp) + arrow_cast(cast({{ interval }} as bigint) * {{ micros }}, 'Duration(Microsecond)'))
{%- else -%}
(cast({{ from_date_or_timestamp }} as timestamp) + cast((cast({{ interval }} as bigint) * {{ dbt.datafusion_months_in(part) }}) || ' month' as interval))
{%- endif -%}
{%- endmacro %}

{# How many beginnings of a part lie between two dates; weeks begin on Sunday. #}
{% macro datediff(first_date, second_date, datepart) %}
{{ return(adapter.dispatch('datediff', 'dbt')(first_date, second_date, datepart)) }}
{% endmacro %}

{% macro default__datediff(first_date, second_date, datepart) -%}
datediff({{ datepart }}, {{ first_date }}, {{ second_date }})
{%- endmacro %}

{# Each date gets the number of its part, counted from long before it so that whole-number division rounds down. #}
{% macro datafusion__datediff(first_date, second_date, datepart) -%}
{#- DuckDB's `/` is exact, and its doubles are too short for microseconds. -#}
{%- set over = ' // ' if target.type == 'duckdb' or target.get('dialect') == 'duckdb' else ' / ' -%}
{%- set part = dbt.datafusion_datepart(datepart) -%}
{%- set first = 'cast(' ~ first_date ~ ' as timestamp)' -%}
{%- set second = 'cast(' ~ second_date ~ ' as timestamp)' -%}
{%- if part == 'week' -%}
{%- set weeks = datafusion__datediff(first_date, second_date, 'day') ~ over ~ '7' -%}
{#- dbt-duckdb's: for `week`, one more where the day of the week comes round, by another rule backwards. -#}
{%- if datepart != 'week' -%}({{ weeks }}){%- else -%}
({{ weeks }} + case
    when date_part('dow', {{ first }}) <= date_part('dow', {{ second }}) then case when {{ first }} <= {{ second }} then 0 else -1 end
    else case when {{ first }} <= {{ second }} then 1 else 0 end
end)
{%- endif -%}
{%- elif dbt.datafusion_microseconds_in(part) -%}
{#- 1,000,000 days before 1970. -#}
{%- set micros = dbt.datafusion_microseconds_in(part) -%}
((cast({{ second }} as bigint) + 86400000000000000){{ over }}{{ micros }} - (cast({{ first }} as bigint) + 86400000000000000){{ over }}{{ micros }})
{%- else -%}
{%- set months = dbt.datafusion_months_in(part) -%}
(cast((date_part('year', {{ second }}) * 12 + date_part('month', {{ second }}) - 1) as bigint){{ over }}{{ months }} - cast((date_part('year', {{ first }}) * 12 + date_part('month', {{ first }}) - 1) as bigint){{ over }}{{ months }})
{%- endif -%}
{%- endmacro %}

{# The beginning of the part that a date lies in; a timestamp. #}
{% macro date_trunc(datepart, date) %}{{ return(adapter.dispatch('date_trunc', 'dbt')(datepart, date)) }}{% endmacro %}

{% macro default__date_trunc(datepart, date) -%}
date_trunc('{{ datepart }}', {{ date }})
{%- endmacro %}

{# The engine knows parts in the singular only. #}
{% macro datafusion__date_trunc(datepart, date) -%}
date_trunc('{{ dbt.datafusion_datepart(datepart) }}', {{ date }})
{%- endmacro %}

{# The last day of the part that a date lies in; a date. #}
{% macro last_day(date, datepart) %}{{ return(adapter.dispatch('last_day', 'dbt')(date, datepart)) }}{% endmacro %}

{% macro default_last_day(date, datepart) -%}
cast({{ dbt.dateadd('day', '-1', dbt.dateadd(datepart, '1', dbt.date_trunc(datepart, date))) }} as date)
{%- endmacro %}

{% macro default__last_day(date, datepart) -%}{{ dbt.default_last_day(date, datepart) }}{%- endmacro %}

{# A date from its parts. #}
{% macro date(year, month, day) %}{{ return(adapter.dispatch('date', 'dbt')(year, month, day)) }}{% endmacro %}

{% macro default__date(year, month, day) -%}
to_date('{{ '%04d-%02d-%02d' | format(year, month, day) }}', 'YYYY-MM-DD')
{%- endmacro %}

{# Parts may be columns. #}
{% macro datafusion__date(year, month, day) -%}
make_date({{ year }}, {{ month }}, {{ day }})
{%- endmacro %}

{# The time of the query, with its zone. #}
{% macro current_timestamp() -%}{{ adapter.dispatch('current_timestamp', 'dbt')() }}{%- endmacro %}

{% macro default__current_timestamp() -%}
{{ exceptions.raise_not_implemented('there is no `current_timestamp` for ' ~ adapter.type()) }}
{%- endmacro %}

{% macro datafusion__current_timestamp() -%}
now()
{%- endmacro %}

{# The time that a snapshot records, without a zone. #}
{% macro snapshot_get_time() -%}{{ adapter.dispatch('snapshot_get_time', 'dbt')() }}{%- endmacro %}

{% macro default__snapshot_get_time() -%}{{ current_timestamp() }}{%- endmacro %}

{% macro datafusion__snapshot_get_time() -%}
cast({{ current_timestamp() }} as timestamp)
{%- endmacro %}

{# The time of the query, without a zone: for projects older than `current_timestamp`. #}
{% macro current_timestamp_backcompat() %}{{ return(adapter.dispatch('current_timestamp_backcompat', 'dbt')()) }}{% endmacro %}

{% macro default__current_timestamp_backcompat() -%}
current_timestamp::timestamp
{%- endmacro %}

{# The same in UTC. #}
{% macro current_timestamp_in_utc_backcompat() %}
{{ return(adapter.dispatch('current_timestamp_in_utc_backcompat', 'dbt')()) }}
{% endmacro %}

{% macro default__current_timestamp_in_utc_backcompat() -%}
{{ return(adapter.dispatch('current_timestamp_backcompat', 'dbt')()) }}
{%- endmacro %}

{# The whole numbers from 1 to a bound, as a query with the column `generated_number`. #}
{% macro generate_series(upper_bound) %}{{ return(adapter.dispatch('generate_series', 'dbt')(upper_bound)) }}{% endmacro %}

{# Every sum of powers of two, for engines that count in no other way. #}
{% macro default__generate_series(upper_bound) -%}
{%- set digits = dbt.get_powers_of_two(upper_bound) -%}
with bits as (select 0 as bit union all select 1),
sums as (
    select 1{% for i in range(digits) %} + bit_{{ i }}.bit * {{ 2 ** i }}{% endfor %} as generated_number
    from {% for i in range(digits) %}{{ ' cross join ' if not loop.first }}bits as bit_{{ i }}{% endfor %}
)
select generated_number from sums where generated_number <= {{ upper_bound }} order by generated_number
{%- endmacro %}

{# The bound may be an expression. #}
{% macro datafusion__generate_series(upper_bound) -%}
select unnest(generate_series(1, {{ upper_bound }})) as generated_number
{%- endmacro %}

{# The least number of binary digits, at least one, that count up to a bound; a number of the template. #}
{% macro get_powers_of_two(upper_bound) %}{{ return(adapter.dispatch('get_powers_of_two', 'dbt')(upper_bound)) }}{% endmacro %}

{% macro default__get_powers_of_two(upper_bound) %}
{% if upper_bound <= 0 %}{{ exceptions.raise_compiler_error('numbers are counted up to 1 or more, not to ' ~ upper_bound) }}{% endif %}
{% for digits in range(1, 100) %}{% if upper_bound <= 2 ** digits %}{{ return(digits) }}{% endif %}{% endfor %}
{% endmacro %}

{# How many parts lie between two dates; a number of the template. #}
{% macro get_intervals_between(start_date, end_date, datepart) %}
{{ return(adapter.dispatch('get_intervals_between', 'dbt')(start_date, end_date, datepart)) }}
{% endmacro %}

{% macro default__get_intervals_between(start_date, end_date, datepart) %}
{% call statement('get_intervals_between', fetch_result=true) %}select {{ dbt.datediff(start_date, end_date, datepart) }}{% endcall %}
{% set answer = load_result('get_intervals_between') %}
{{ return(answer['data'][0][0] if answer and answer['data'] else 1) }}
{% endmacro %}

{# No query runs while a project is planned: the number is an expression, which `generate_series` takes too. #}
{% macro datafusion__get_intervals_between(start_date, end_date, datepart) %}
{{ return(dbt.datediff(start_date, end_date, datepart) | trim) }}
{% endmacro %}

{# A query with one row for each part from a date to before another, in the column `date_<part>`. #}
{% macro date_spine(datepart, start_date, end_date) %}
{{ return(adapter.dispatch('date_spine', 'dbt')(datepart, start_date, end_date)) }}
{% endmacro %}

{% macro default__date_spine(datepart, start_date, end_date) %}
select *
from (
    select {{ dbt.dateadd(datepart, 'generated_number - 1', start_date) }} as date_{{ datepart }}
    from ({{ dbt.generate_series(dbt.get_intervals_between(start_date, end_date, datepart)) }}) as numbers
) as spine
where date_{{ datepart }} <= {{ end_date }}
{% endmacro %}

{# Text as a time of the template. #}
{% macro convert_datetime(date_str, date_fmt) %}
{% set complaint = "'" ~ date_str ~ "' is no date of the form '" ~ date_fmt ~ "'" %}
{{ return(try_or_compiler_error(complaint, modules.datetime.datetime.strptime, date_str.strip(), date_fmt)) }}
{% endmacro %}

{# The days from one date to another, both included, as a list of texts. #}
{% macro dates_in_range(start_date_str, end_date_str=none, in_fmt='%Y%m%d', out_fmt='%Y%m%d') %}
{% set start = convert_datetime(start_date_str, in_fmt) %}
{% set end = start if end_date_str is none else convert_datetime(end_date_str, in_fmt) %}
{% if end.toordinal() < start.toordinal() %}
{{ exceptions.raise_compiler_error(start_date_str ~ ' is after ' ~ end_date_str) }}
{% endif %}
{% set found = namespace(dates=[]) %}
{% for day in range(start.toordinal(), end.toordinal() + 1) %}
{% set day = modules.datetime.datetime.fromordinal(day) %}
{% set found.dates = found.dates + [day.strftime(out_fmt) if out_fmt else day] %}
{% endfor %}
{{ return(found.dates | list) }}
{% endmacro %}

{# The days of `20240101` or of `20240101,20240131`, as a list of texts. #}
{% macro partition_range(raw_partition_date, date_fmt='%Y%m%d') %}
{% set ends = (raw_partition_date | string).split(',') | list %}
{% if ends | length > 2 %}
{{ exceptions.raise_compiler_error("'" ~ raw_partition_date ~ "' is neither one date nor two with a comma between") }}
{% endif %}
{{ return(dates_in_range(ends[0], ends[1] if ends | length == 2 else none, in_fmt=date_fmt)) }}
{% endmacro %}

{# The time of the template, as digits. #}
{% macro py_current_timestring() %}{{ return(modules.datetime.datetime.now().strftime('%Y%m%d%H%M%S%f')) }}{% endmacro %}
