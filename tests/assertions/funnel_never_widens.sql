select
    later.funnel_name,
    later.funnel_date,
    later.step_number,
    earlier.reached as reached_before,
    later.reached
from {{ ref('fct_funnel') }} as later
inner join {{ ref('fct_funnel') }} as earlier
    on later.funnel_name = earlier.funnel_name
    and later.funnel_date = earlier.funnel_date
    and later.step_number = earlier.step_number + 1
where later.reached > earlier.reached
