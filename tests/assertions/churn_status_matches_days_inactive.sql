select
    visitor_id,
    days_inactive,
    churn_status
from {{ ref('fct_churn') }}
where not (
    (churn_status = 'active' and days_inactive between 0 and 6)
    or (churn_status = 'soft churn' and days_inactive between 7 and 13)
    or (churn_status = 'churned' and days_inactive between 14 and 29)
    or (churn_status = 'hard churn' and days_inactive >= 30)
)
