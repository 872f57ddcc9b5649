select
    id,
    worth,
    last_value(worth ignore nulls) over (order by id) as last_known,
    lag(worth ignore nulls) over (order by id) as before_known,
    sum(worth) over in_kind as so_far,
    sum(worth) over (in_kind order by id desc) as from_end,
    sum(worth) over (order by day range between interval 1 day preceding and current row) as two_days,
    sum(worth) over (order by day range between interval '1 day' preceding and interval 1 day following) as three_days,
    count(*) filter (worth > 10) over () as many,
    count(*) over (order by id groups between 1 preceding and current row) as of_two,
    percent_rank() over (order by id) as share
from
    (
        values
            (1, 'a', 10, date '2024-01-01'),
            (2, 'a', null, date '2024-01-02'),
            (3, 'b', 30, date '2024-01-04'),
            (4, 'b', 40, date '2024-01-05')
    ) t (id, kind, worth, day)
window in_kind as (partition by kind)
