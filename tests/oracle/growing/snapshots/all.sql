{% snapshot s_time %}{{ config(unique_key='id', strategy='timestamp', updated_at='updated_at') }}
select * from {{ ref('src') }}{% endsnapshot %}
{% snapshot s_time_inv %}{{ config(unique_key=['id','region'], strategy='timestamp', updated_at='updated_at', hard_deletes='invalidate') }}
select * from {{ ref('src') }}{% endsnapshot %}
{% snapshot s_new %}{{ config(unique_key='id', strategy='timestamp', updated_at='updated_at', hard_deletes='new_record') }}
select * from {{ ref('src') }}{% endsnapshot %}
{% snapshot s_check %}{{ config(unique_key='id', strategy='check', check_cols=['name','amount'], invalidate_hard_deletes=true) }}
select * from {{ ref('src') }}{% endsnapshot %}
{% snapshot s_all %}{{ config(unique_key="id || '-' || region", strategy='check', check_cols='all', updated_at='updated_at') }}
select * from {{ ref('src') }}{% endsnapshot %}
