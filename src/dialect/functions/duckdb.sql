-- DuckDB's functions that the engine's can say, as DuckDB's own `create macro` statements.
-- A definition may use those above it. Meaning and names: https://duckdb.org/docs/stable/sql/functions/overview

-- Choices
create macro if(a, b, c) as case when a then b else c end;
create macro ifnull(a, b) as coalesce(a, b);

-- Text
create macro ucase(a) as upper(a);
create macro lcase(a) as lower(a);
create macro strlen(a) as octet_length(a);
create macro prefix(a, b) as starts_with(a, b);
create macro suffix(a, b) as ends_with(a, b);
create macro split(a, b) as string_to_array(a, b);
create macro str_split(a, b) as string_to_array(a, b);
create macro string_split(a, b) as string_to_array(a, b);
create macro regexp_matches(a, b) as regexp_like(a, b);
create macro regexp_matches(a, b, c) as regexp_like(a, b, c);
create macro regexp_full_match(a, b) as regexp_like(a, '^(?:' || b || ')$');
create macro regexp_extract(a, b) as
    case when a is not null and b is not null then coalesce((regexp_match(a, '(' || b || ')'))[1], '') end;
create macro regexp_extract(a, b, c) as
    case when a is not null and b is not null then coalesce((regexp_match(a, '(' || b || ')'))[c + 1], '') end;

-- Numbers
create macro gen_random_uuid() as uuid();
create macro sign(a) as cast(signum(a) as tinyint);
create macro pow(a, b) as power(a, b);
create macro add(a, b) as a + b;
create macro subtract(a, b) as a - b;
create macro multiply(a, b) as a * b;

-- Points in time
create macro today() as current_date;
create macro get_current_timestamp() as now();
create macro year(a) as date_part('year', a);
create macro quarter(a) as date_part('quarter', a);
create macro month(a) as date_part('month', a);
create macro week(a) as date_part('week', a);
create macro weekofyear(a) as date_part('week', a);
create macro day(a) as date_part('day', a);
create macro dayofmonth(a) as date_part('day', a);
create macro dayofyear(a) as date_part('doy', a);
create macro dayofweek(a) as date_part('dow', a);
create macro weekday(a) as date_part('dow', a);
create macro isodow(a) as (date_part('dow', a) + 6) % 7 + 1;
create macro hour(a) as date_part('hour', a);
create macro minute(a) as date_part('minute', a);
create macro second(a) as date_part('second', a);
create macro dayname(a) as to_char(cast(a as timestamp), '%A');
create macro monthname(a) as to_char(cast(a as timestamp), '%B');
create macro strftime(a, b) as to_char(cast(a as timestamp), b);
create macro strptime(a, b) as cast(to_timestamp(a, b) as timestamp);
create macro date_add(a, b) as a + b;
create macro last_day(a) as
    cast(date_trunc('month', cast(a as timestamp)) + interval '1 month' - interval '1 day' as date);
create macro epoch_us(a) as cast(cast(a as timestamp) as bigint);
create macro epoch_ms(a) as epoch_us(a) // 1000;
create macro epoch_ns(a) as epoch_us(a) * 1000;
create macro epoch(a) as cast(epoch_us(a) as double) / cast(1000000 as double);
create macro datetrunc(a, b) as date_trunc(a, b);
create macro datepart(a, b) as date_part(a, b);

-- How many borders lie between two points in time
create macro date_diff_microsecond(a, b) as epoch_us(b) - epoch_us(a);
create macro date_diff_millisecond(a, b) as epoch_us(b) // 1000 - epoch_us(a) // 1000;
create macro date_diff_second(a, b) as
    (epoch_us(date_trunc('second', cast(b as timestamp))) - epoch_us(date_trunc('second', cast(a as timestamp)))) // 1000000;
create macro date_diff_minute(a, b) as
    (epoch_us(date_trunc('minute', cast(b as timestamp))) - epoch_us(date_trunc('minute', cast(a as timestamp)))) // 60000000;
create macro date_diff_hour(a, b) as
    (epoch_us(date_trunc('hour', cast(b as timestamp))) - epoch_us(date_trunc('hour', cast(a as timestamp)))) // 3600000000;
create macro date_diff_day(a, b) as cast(b as date) - cast(a as date);
create macro date_diff_week(a, b) as
    (cast(date_trunc('week', cast(b as timestamp)) as date) - cast(date_trunc('week', cast(a as timestamp)) as date)) // 7;
create macro date_diff_month(a, b) as
    cast((date_part('year', b) - date_part('year', a)) * 12 + date_part('month', b) - date_part('month', a) as bigint);
create macro date_diff_quarter(a, b) as
    cast((date_part('year', b) - date_part('year', a)) * 4 + date_part('quarter', b) - date_part('quarter', a) as bigint);
create macro date_diff_year(a, b) as cast(date_part('year', b) - date_part('year', a) as bigint);
create macro date_diff_decade(a, b) as cast(date_part('year', b) // 10 - date_part('year', a) // 10 as bigint);
create macro datediff_microsecond(a, b) as date_diff_microsecond(a, b);
create macro datediff_millisecond(a, b) as date_diff_millisecond(a, b);
create macro datediff_second(a, b) as date_diff_second(a, b);
create macro datediff_minute(a, b) as date_diff_minute(a, b);
create macro datediff_hour(a, b) as date_diff_hour(a, b);
create macro datediff_day(a, b) as date_diff_day(a, b);
create macro datediff_week(a, b) as date_diff_week(a, b);
create macro datediff_month(a, b) as date_diff_month(a, b);
create macro datediff_quarter(a, b) as date_diff_quarter(a, b);
create macro datediff_year(a, b) as date_diff_year(a, b);
create macro datediff_decade(a, b) as date_diff_decade(a, b);

-- How many whole units lie between two points in time
create macro date_sub_microsecond(a, b) as epoch_us(b) - epoch_us(a);
create macro date_sub_millisecond(a, b) as (epoch_us(b) - epoch_us(a)) // 1000;
create macro date_sub_second(a, b) as (epoch_us(b) - epoch_us(a)) // 1000000;
create macro date_sub_minute(a, b) as (epoch_us(b) - epoch_us(a)) // 60000000;
create macro date_sub_hour(a, b) as (epoch_us(b) - epoch_us(a)) // 3600000000;
create macro date_sub_day(a, b) as (epoch_us(b) - epoch_us(a)) // 86400000000;
create macro date_sub_week(a, b) as (epoch_us(b) - epoch_us(a)) // 604800000000;
create macro datesub_microsecond(a, b) as date_sub_microsecond(a, b);
create macro datesub_millisecond(a, b) as date_sub_millisecond(a, b);
create macro datesub_second(a, b) as date_sub_second(a, b);
create macro datesub_minute(a, b) as date_sub_minute(a, b);
create macro datesub_hour(a, b) as date_sub_hour(a, b);
create macro datesub_day(a, b) as date_sub_day(a, b);
create macro datesub_week(a, b) as date_sub_week(a, b);

-- Aggregates
create macro list(a) as array_agg(a);
create macro first(a) as first_value(a);
create macro last(a) as last_value(a);
create macro arbitrary(a) as first_value(a);
create macro any_value(a) as first_value(a) filter (where a is not null);
create macro arg_max(a, b) as
    (max(named_struct('b', b, 'a', a)) filter (where a is not null and b is not null))['a'];
create macro max_by(a, b) as
    (max(named_struct('b', b, 'a', a)) filter (where a is not null and b is not null))['a'];
create macro argmax(a, b) as
    (max(named_struct('b', b, 'a', a)) filter (where a is not null and b is not null))['a'];
create macro arg_min(a, b) as
    (min(named_struct('b', b, 'a', a)) filter (where a is not null and b is not null))['a'];
create macro min_by(a, b) as
    (min(named_struct('b', b, 'a', a)) filter (where a is not null and b is not null))['a'];
create macro argmin(a, b) as
    (min(named_struct('b', b, 'a', a)) filter (where a is not null and b is not null))['a'];
create macro count_if(a) as count(*) filter (where a);
create macro countif(a) as count(*) filter (where a);
create macro mean(a) as avg(cast(a as double));
create macro avg(a) as avg(cast(a as double));
create macro median(a) as median(cast(a as double));
create macro quantile_cont(a, b) as percentile_cont(cast(a as double), b);
create macro approx_quantile(a, b) as approx_percentile_cont(a, b);
create macro approx_count_distinct(a) as approx_distinct(a);
create macro listagg(a) as string_agg(a, ',');
create macro listagg(a, b) as string_agg(a, b);
create macro group_concat(a) as string_agg(a, ',');
create macro group_concat(a, b) as string_agg(a, b);
create macro string_agg(a) as string_agg(a, ',');
create macro variance(a) as var_samp(a);
