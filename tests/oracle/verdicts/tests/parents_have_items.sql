select parents.id from {{ ref('parents') }} as parents
left join {{ ref('as_view') }} as items on items.ref_id = parents.id
where items.ref_id is null
