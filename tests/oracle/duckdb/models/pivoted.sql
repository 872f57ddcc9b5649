with sales as (

    from (values ('x', 2000, 1), ('x', 2010, 2), ('y', 2000, 3), ('y', 2000, 4)) t (shop, year_of, amount)

),

wide as (

    pivot sales on year_of in (2000, 2010) using sum(amount)

),

named as (

    select *
    from sales
    pivot (sum(amount) as total, count(*) as n for year_of in (2000, 2010))

),

long as (

    unpivot (select shop, "2000" as early, "2010" as late from wide) on early, late into name era value amount

)

select long.shop, long.era, long.amount, named."2000_total", named."2010_n", both_years."2010" as late
from long
join named on named.shop = long.shop
join (select * from sales) pivot (sum(amount) for year_of in (2000, 2010)) as both_years on both_years.shop = long.shop
