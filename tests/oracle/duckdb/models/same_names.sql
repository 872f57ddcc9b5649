-- Columns that have one name, by chance or on purpose.
with twice as (select g, g, g as b, n as g from (values (1, 2)) as t(g, n)),

all_of_them as (select * from twice)

select a.g_2 as last, a.*, (select count(*) from (select 1 as x, 2 as x)) as n
from all_of_them as a
