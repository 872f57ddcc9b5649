select
    retention_type,
    cohort_date,
    period_number,
    cohort_size,
    retained
from {{ ref('fct_retention') }}
where
    retained > cohort_size
    or (retention_type = 'cohort' and period_number = 0 and retained <> cohort_size)
