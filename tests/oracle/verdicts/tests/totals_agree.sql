select a.n from (select count(*) as n from {{ ref('as_table') }}) a, (select count(*) as n from {{ ref('as_sorted') }}) b
where a.n <> b.n
