-- DuckDB's functions that the engine's can say, as DuckDB's own `create macro` statements.
-- A definition may use those above it. Meaning and names: https://duckdb.org/docs/stable/sql/functions/overview

-- Choices
create macro if(a, b, c) as case when a then b else c end;
create macro ifnull(a, b) as coalesce(a, b);

-- Types
create macro date(a) as cast(a as date);

-- Text
create macro ucase(a) as upper(a);
create macro lcase(a) as lower(a);
create macro strlen(a) as octet_length(a);
create macro prefix(a, b) as starts_with(a, b);
create macro suffix(a, b) as ends_with(a, b);
create macro split(a, b) as string_split(a, b);
create macro str_split(a, b) as string_split(a, b);
create macro regexp_matches(a, b) as regexp_like(a, b);
-- 'c' is what is so anyway; the engine takes no empty flags, and 'u' is so anyway, too.
create macro regexp_matches(a, b, c) as regexp_like(a, b, replace(c, 'c', '') || 'u');
create macro regexp_full_match(a, b) as regexp_like(a, '^(?:' || b || ')$');
create macro regexp_extract(a, b) as
    case when a is not null and b is not null then coalesce((regexp_match(a, '(' || b || ')'))[1], '') end;
create macro regexp_extract(a, b, c) as
    case when a is not null and b is not null then coalesce((regexp_match(a, '(' || b || ')'))[c + 1], '') end;

create macro regexp_extract_all(a, b) as regexp_extract_every(a, b, 0);
create macro regexp_extract_all(a, b, c) as regexp_extract_every(a, b, c);
create macro str_split_regex(a, b) as string_split_regex(a, b);
create macro regexp_split_to_array(a, b) as string_split_regex(a, b);
create macro regexp_escape(a) as regexp_replace(a, '([^a-zA-Z0-9_])', '\\\1', 'g');
create macro glob(a, b) as
    regexp_like(a, '^' || replace(replace(replace(b, '.', '\.'), '*', '.*'), '?', '.') || '$');
create macro editdist3(a, b) as levenshtein(a, b);
create macro unicode(a) as ascii(a);
create macro ord(a) as ascii(a);
create macro char_length(a) as length(a);
create macro to_hex(a) as upper(to_hex(a));
create macro hex(a) as upper(encode(a, 'hex'));
create macro base64(a) as encode(a, 'base64pad');
create macro to_base64(a) as encode(a, 'base64pad');
create macro from_base64(a) as decode(a, 'base64pad');
create macro unhex(a) as decode(a, 'hex');
create macro from_hex(a) as decode(a, 'hex');
create macro encode(a) as cast(a as bytea);
create macro decode(a) as cast(a as varchar);
create macro json_array_contains(a, b) as json_contains(a, b);

-- Numbers
create macro mod(a, b) as a % b;
create macro fmod(a, b) as cast(a as double) % cast(b as double);
create macro divide(a, b) as a // b;
create macro xor(a, b) as (a | b) - (a & b);
create macro ceiling(a) as ceil(a);
create macro log(a) as log10(a);
create macro isfinite(a) as abs(cast(a as double)) < cast('inf' as double);
create macro isinf(a) as abs(a) = cast('inf' as double);
create macro gen_random_uuid() as uuid();
create macro sign(a) as cast(signum(a) as tinyint);
create macro pow(a, b) as power(a, b);
create macro add(a, b) as a + b;
create macro subtract(a, b) as a - b;
create macro multiply(a, b) as a * b;

-- Intervals
create macro to_microseconds(a) as interval_times(interval '1 microsecond', cast(a as bigint));
create macro to_milliseconds(a) as interval_times(interval '1 millisecond', cast(a as bigint));
create macro to_seconds(a) as interval_times(interval '1 microsecond', cast(a * 1000000 as bigint));
create macro to_minutes(a) as interval_times(interval '1 minute', cast(a as bigint));
create macro to_hours(a) as interval_times(interval '1 hour', cast(a as bigint));
create macro to_days(a) as interval_times(interval '1 day', cast(a as bigint));
create macro to_weeks(a) as interval_times(interval '7 days', cast(a as bigint));
create macro to_months(a) as interval_times(interval '1 month', cast(a as bigint));
create macro to_quarters(a) as interval_times(interval '3 months', cast(a as bigint));
create macro to_years(a) as interval_times(interval '12 months', cast(a as bigint));
create macro to_decades(a) as interval_times(interval '120 months', cast(a as bigint));
create macro to_centuries(a) as interval_times(interval '1200 months', cast(a as bigint));
create macro to_millennia(a) as interval_times(interval '12000 months', cast(a as bigint));

-- Points in time
create macro epoch_us(a) as cast(cast(a as timestamp) as bigint);
create macro epoch_ns(a) as epoch_us(a) * 1000;
create macro current_localtimestamp() as cast(now() as timestamp);
create macro transaction_timestamp() as now();
create macro date_part_microsecond(a) as date_part('microsecond', a);
create macro date_part_millisecond(a) as date_part('millisecond', a);
create macro date_part_second(a) as date_part('second', a);
create macro date_part_minute(a) as date_part('minute', a);
create macro date_part_hour(a) as date_part('hour', a);
create macro date_part_day(a) as date_part('day', a);
create macro date_part_week(a) as date_part('week', a);
create macro date_part_month(a) as date_part('month', a);
create macro date_part_quarter(a) as date_part('quarter', a);
create macro date_part_year(a) as date_part('year', a);
create macro date_part_dayofyear(a) as date_part('doy', a);
create macro date_part_dayofweek(a) as date_part('dow', a);
create macro date_part_isodow(a) as (date_part('dow', a) + 6) % 7 + 1;
create macro date_part_isoyear(a) as date_part('isoyear', a);
create macro date_part_yearweek(a) as date_part('isoyear', a) * 100 + date_part('week', a);
create macro date_part_epoch(a) as epoch(a);
create macro date_part_decade(a) as date_part('year', a) // 10;
create macro date_part_century(a) as (date_part('year', a) - 1) // 100 + 1;
create macro date_part_millennium(a) as (date_part('year', a) - 1) // 1000 + 1;
create macro date_part_era(a) as case when date_part('year', a) > 0 then 1 else 0 end;
create macro dayofyear(a) as date_part('doy', a);
create macro dayofweek(a) as date_part('dow', a);
create macro weekday(a) as date_part('dow', a);
create macro isodow(a) as date_part('isodow', a);
create macro isoyear(a) as date_part('isoyear', a);
create macro yearweek(a) as date_part('yearweek', a);
create macro decade(a) as date_part('decade', a);
create macro century(a) as date_part('century', a);
create macro millennium(a) as date_part('millennium', a);
create macro era(a) as date_part('era', a);
create macro microsecond(a) as date_part('microsecond', a);
create macro millisecond(a) as date_part('millisecond', a);
create macro make_timestamp_ms(a) as epoch_ms(a);
create macro make_timestamp(a, b, c, d, e, f) as
    cast(make_date(a, b, c) as timestamp) + to_hours(d) + to_minutes(e) + to_seconds(f);
create macro today() as current_date;
create macro get_current_timestamp() as now();
create macro year(a) as date_part('year', a);
create macro quarter(a) as date_part('quarter', a);
create macro month(a) as date_part('month', a);
create macro week(a) as date_part('week', a);
create macro weekofyear(a) as date_part('week', a);
create macro day(a) as date_part('day', a);
create macro dayofmonth(a) as date_part('day', a);
create macro hour(a) as date_part('hour', a);
create macro minute(a) as date_part('minute', a);
create macro second(a) as date_part('second', a);
create macro dayname(a) as to_char(cast(a as timestamp), '%A');
create macro monthname(a) as to_char(cast(a as timestamp), '%B');
create macro date_add(a, b) as a + b;
create macro last_day(a) as
    cast(date_trunc('month', cast(a as timestamp)) + interval '1 month' - interval '1 day' as date);
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
create macro date_diff_isoyear(a, b) as cast(date_part('isoyear', b) - date_part('isoyear', a) as bigint);
create macro date_diff_century(a, b) as date_part('year', b) // 100 - date_part('year', a) // 100;
create macro date_diff_millennium(a, b) as date_part('year', b) // 1000 - date_part('year', a) // 1000;
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
create macro date_sub_month(a, b) as
    cast((date_part('year', b) - date_part('year', a)) * 12 + date_part('month', b) - date_part('month', a)
        - case
            when b >= a and cast(b as timestamp) < cast(a as timestamp) + interval_times(interval '1 month', cast(
                (date_part('year', b) - date_part('year', a)) * 12 + date_part('month', b) - date_part('month', a) as bigint))
                then 1
            when b < a and cast(b as timestamp) > cast(a as timestamp) + interval_times(interval '1 month', cast(
                (date_part('year', b) - date_part('year', a)) * 12 + date_part('month', b) - date_part('month', a) as bigint))
                then -1
            else 0
        end as bigint);
create macro date_sub_quarter(a, b) as date_sub('month', a, b) // 3;
create macro date_sub_year(a, b) as date_sub('month', a, b) // 12;
create macro date_sub_decade(a, b) as date_sub('month', a, b) // 120;
create macro datesub_month(a, b) as date_sub('month', a, b);
create macro datesub_quarter(a, b) as date_sub('month', a, b) // 3;
create macro datesub_year(a, b) as date_sub('month', a, b) // 12;
create macro datesub_microsecond(a, b) as date_sub_microsecond(a, b);
create macro datesub_millisecond(a, b) as date_sub_millisecond(a, b);
create macro datesub_second(a, b) as date_sub_second(a, b);
create macro datesub_minute(a, b) as date_sub_minute(a, b);
create macro datesub_hour(a, b) as date_sub_hour(a, b);
create macro datesub_day(a, b) as date_sub_day(a, b);
create macro datesub_week(a, b) as date_sub_week(a, b);

-- Lists
create macro list_transform(a, b) as array_transform(a, b);
create macro list_apply(a, b) as array_transform(a, b);
create macro apply(a, b) as array_transform(a, b);
create macro array_apply(a, b) as array_transform(a, b);
create macro filter(a, b) as array_filter(a, b);
create macro list_reverse_sort(a) as array_sort(a, 'DESC', 'NULLS LAST');
create macro array_reverse_sort(a) as array_sort(a, 'DESC', 'NULLS LAST');
create macro list_sort(a) as array_sort(a, 'ASC', 'NULLS LAST');
create macro list_sort(a, b) as array_sort(a, b, 'NULLS LAST');
create macro array_sort(a) as array_sort(a, 'ASC', 'NULLS LAST');
create macro list_min(a) as array_min(a);
create macro list_max(a) as array_max(a);
create macro list_avg(a) as array_avg(a);
create macro list_count(a) as array_length(array_compact(a));
create macro list_unique(a) as array_length(array_distinct(a));
create macro struct_extract(a, b) as a[b];

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
create macro quantile_disc(a, b) as
    array_element(array_agg(a order by a) filter (where a is not null), greatest(1, cast(ceil(b * count(a)) as bigint)));
create macro quantile(a, b) as quantile_disc(a, b);
create macro quantile_cont(a, b) as percentile_cont(cast(a as double), b);
create macro approx_quantile(a, b) as approx_percentile_cont(a, b);
create macro approx_count_distinct(a) as approx_distinct(a);
create macro listagg(a) as string_agg(a, ',');
create macro listagg(a, b) as string_agg(a, b);
create macro group_concat(a) as string_agg(a, ',');
create macro group_concat(a, b) as string_agg(a, b);
create macro string_agg(a) as string_agg(a, ',');
create macro variance(a) as var_samp(a);
create macro geomean(a) as exp(avg(ln(cast(a as double))));
create macro geometric_mean(a) as exp(avg(ln(cast(a as double))));
create macro fsum(a) as sum(cast(a as double));
create macro sumkahan(a) as sum(cast(a as double));
create macro favg(a) as avg(cast(a as double));
create macro covar(a, b) as covar_samp(a, b);
create macro logical_or(a) as bool_or(a);
create macro logical_and(a) as bool_and(a);
