with
left_side as materialized (select * from (values (1, 'a'), (2, 'b'), (3, 'c')) t (id, l)),
right_side as not materialized (select * from (values (2, 'x'), (4, 'y')) t (id, r)),
merged as (select * from left_side full join right_side using (id)),
picked as (select id, l, r from left_side full outer join right_side using (id) where id > 1),
right_kept as (select id, l as kept_l, r as kept_r from left_side right join right_side using (id)),
without_match as (from left_side anti join right_side using (id)),
with_match as (select id as found from left_side semi join right_side on left_side.id = right_side.id)

select merged.id, merged.l, merged.r, picked.id as picked, without_match.id as unmatched, found, right_kept.id as kept, kept_l, kept_r
from merged
left join picked on merged.id = picked.id
left join right_kept on right_kept.id = merged.id
left join without_match on without_match.id = merged.id
left join with_match on found = merged.id
order by all
