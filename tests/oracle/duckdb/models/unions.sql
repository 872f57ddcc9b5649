with listed as (values (1, 'x'))

select col0 as a, col1 as b from listed
union all
select col0, col1 from (values (1, 'x'))
union by name
select 'y' as b, 2 as a
union all by name
select 2.5 as a, null as b
order by all
