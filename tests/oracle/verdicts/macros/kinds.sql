{% test never_negative(model, column_name) %}
select * from {{ model }} where {{ column_name }} < 0
{% endtest %}

{% test expression_is_true(model, expression, column_name=none) %}
select 1 from {{ model }}
where not ({% if column_name %}{{ column_name }} {% endif %}{{ expression }})
{% endtest %}

{% test accepted_range(model, column_name, min_value, max_value) %}
with meet_condition as (
    select * from {{ model }}
),
validation_errors as (
    select * from meet_condition
    where 1 = 2 or not {{ column_name }} >= {{ min_value }} or not {{ column_name }} <= {{ max_value }}
)
select * from validation_errors
{% endtest %}

{% test unique_together(model, columns) %}
with validation_errors as (
    select {{ columns | join(', ') }} from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
)
select * from validation_errors
{% endtest %}

{% test counted_once(model, column_name) %}
select {{ column_name }}, count({{ column_name }}) as times from {{ model }} group by 1 having 2 <= count({{ column_name }})
{% endtest %}

{% test more_than_twice(model, column_name) %}
select {{ column_name }}, count(*) as times from {{ model }} group by 1 having count(*) > 2
{% endtest %}

{% test at_most_rows(model, rows) %}
select count(*) as times from {{ model }} having count(*) > {{ rows }}
{% endtest %}

{% test few_nulls(model, column_name, share) %}
with validation as (
    select sum(case when {{ column_name }} is null then 1 else 0 end) / cast(count(*) as double) as share
    from {{ model }}
)
select * from validation where share > {{ share }}
{% endtest %}

{% test recent(model, column_name, since) %}
with latest as (select max({{ column_name }}) as latest from {{ model }})
select latest from latest where latest < {{ since }}
{% endtest %}

{% test not_constant(model, column_name) %}
select count(distinct {{ column_name }}) as times from {{ model }} having count(distinct {{ column_name }}) = 1
{% endtest %}

{% test small_when_read(model, column_name) %}
select * from {{ model }} where cast({{ column_name }} as integer) > 3
{% endtest %}

{% test distinct_among(model, column_name, values) %}
select distinct {{ column_name }} from {{ model }} where {{ column_name }} not in ({{ values }})
{% endtest %}

{% test worst_three(model, column_name) %}
select * from {{ model }} where {{ column_name }} > 5 order by {{ column_name }} desc limit 3
{% endtest %}

{% test first_ten_filled(model, column_name) %}
select * from (select * from {{ model }} order by id limit 10) first_ten where {{ column_name }} is null
{% endtest %}

{% test rising(model, column_name) %}
select * from (
    select {{ column_name }} as this, lag({{ column_name }}) over (order by {{ column_name }}) as previous from {{ model }}
) beside where this = previous
{% endtest %}

{% test has_partner(model, column_name, to, field) %}
with child as (select * from {{ model }})
select * from child
where {{ column_name }} is not null
  and not exists (select 1 from {{ to }} as parent where parent.{{ field }} = child.{{ column_name }})
{% endtest %}

{% test partner_by_two(model, column_name, to, field) %}
with child as (select * from {{ model }})
select child.{{ column_name }} from child
left join {{ to }} as parent on parent.{{ field }} = child.{{ column_name }} and parent.code = child.code
where parent.{{ field }} is null
{% endtest %}

{% test neither(model, column_name) %}
select {{ column_name }} from {{ model }} where {{ column_name }} is null
union all
select {{ column_name }} from {{ model }} where {{ column_name }} = 'lost'
{% endtest %}
