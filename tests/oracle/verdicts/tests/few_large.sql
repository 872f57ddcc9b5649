select id, amount from {{ ref('as_table') }} where amount > 50 and code is not null
