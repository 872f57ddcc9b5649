select
    [1, 2, 3][1] as first_item,
    list_value(1, 2)[2] as second_item,
    len(string_split('a,b,c', ',')) as how_many,
    list_contains([1, 2], 2) as has_two,
    array_to_string(['a', 'b'], '-') as joined,
    unnest([10, 20]) as item
