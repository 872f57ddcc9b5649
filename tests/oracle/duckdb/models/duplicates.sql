select distinct on (who) who, worth
from (values ('a', 1), ('a', 3), ('b', 2)) t (who, worth)
order by who, worth desc
