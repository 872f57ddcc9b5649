with
left_side as materialized (select * from (values (1, 'a'), (2, 'b'), (3, 'c')) t (id, l)),
right_side as not materialized (select * from (values (2, 'x'), (4, 'y')) t (id, r)),
merged as (select * from left_side full join right_side using (id)),
picked as (select id, l, r from left_side full outer join right_side using (id) where id > 1),
without_match as (from left_side anti join right_side using (id)),
with_match as (select id as found from left_side semi join right_side on left_side.id = right_side.id)

select merged.id, merged.l, merged.r, picked.id as picked, without_match.id as unmatched, found
from merged
left join picked on merged.id = picked.id
left join without_match on without_match.id = merged.id
left join with_match on found = merged.id
order by all
