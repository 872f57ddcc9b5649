with measured as (

    select *
    from (
        values
            (1, 'a', 1.10, date '2024-01-03'),
            (2, 'b', 2.25, date '2024-01-02'),
            (3, null, 4.00, date '2024-01-01'),
            (4, 'b', null, null)
    ) t (id, kind, price, bought_on)

)

select
    count(*) as all_rows,
    count(kind) as kinds,
    count(distinct kind) as different,
    count(*) filter (where id > 1) as later,
    count_if(id > 2) as counted,
    sum(price) as total,
    round(avg(price), 9) as average,
    avg(id) as average_id,
    mean(id) as mean_id,
    min(price) as cheapest,
    max(bought_on) as newest,
    median(id) as middle,
    median(cast(price as double)) as middle_price,
    quantile_cont(cast(price as double), 0.25) as quarter,
    string_agg(kind, ',' order by id) as listed,
    arg_max(kind, price) as of_the_dearest,
    arg_min(id, bought_on) as of_the_oldest,
    max_by(id, price) as by_price,
    min_by(kind, id) as by_id,
    bool_or(id > 3) as some,
    bool_and(id > 3) as every_one,
    any_value(price) filter (where id = 2) as any_of,
    round(stddev(id), 9) as deviation,
    round(stddev_pop(id), 9) as deviation_of_all,
    round(variance(id), 9) as spread,
    round(var_pop(id), 9) as spread_of_all,
    round(corr(id, price), 9) as related,
    list(id order by id)[1] as first_listed
from measured
