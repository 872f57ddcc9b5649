from (values (1, 'a'), (2, 'b')) t (id, name)
select id, name
where id > 1
