with documents as (

    select '{"a": {"b": 1, "c": ["x", "y"]}, "d": "text", "e": null, "f g": true}' as document

)

select
    json_extract_string(document, '$.a.b') as nested,
    json_extract_string(document, '$.d') as text_of,
    document ->> '$.d' as arrow_path,
    document ->> 'd' as arrow_key,
    document ->> '$.a.c[1]' as item,
    json_extract_string(document, 'd') as plain_key,
    json_extract_string(document, '$."f g"') as quoted_key,
    json_extract_string(document, '$.nowhere') as missing,
    cast(json_extract_string(document, '$.a.b') as integer) + 1 as calculated,
    json_array_length(document, '$.a.c') as items
from documents
