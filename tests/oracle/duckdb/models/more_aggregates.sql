select
    mode(kind) as most_frequent,
    quantile_disc(price, 0.5) as middle,
    quantile_disc(price, 0.9) as high,
    percentile_cont(0.5) within group (order by price) as middle_between,
    percentile_disc(0.5) within group (order by price) as middle_of,
    first(kind order by price desc) as of_dearest,
    last(kind order by price) as of_dearest_too,
    string_agg(distinct kind, ',' order by kind) as kinds,
    listagg(kind, '+') filter (kind = 'a') as only_a,
    round(geomean(price), 9) as mean,
    bit_or(price) as bits,
    round(regr_slope(price, id), 9) as slope,
    approx_count_distinct(kind) as about,
    count() as all_rows
from (values (1, 'a', 2), (2, 'b', 4), (3, 'a', 8), (4, null, 16)) t (id, kind, price)
