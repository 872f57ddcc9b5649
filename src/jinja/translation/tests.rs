//! What templates become.

use super::translate;
use crate::jinja::rewriting::apply;

fn check(text: &str, expected: &str) {
    assert_eq!(apply(text, translate(text).changes).0, expected);
}

fn same(text: &str) {
    check(text, text);
}

#[test]
fn colons_end_tags() {
    check(
        "{% if a[1] == 'x': -%}{% elif b : %}{% else: %}{% endif %}",
        "{% if a[1] == 'x' -%}{% elif b  %}{% else %}{% endif %}",
    );
    check("{% for a, (b, c) in d.items(): %}{% endfor %}", "{% for a, (b, c) in d.items() %}{% endfor %}");
    check("{% macro a(b=1): %}{% endmacro %}", "{% macro a(b=1) %}{% endmacro %}");
    check("{% if {'a': 1}['a']: %}{% endif %}", "{% if __dict({'a': 1})['a'] %}{% endif %}");
}

#[test]
fn lists_and_dicts_can_change_unless_nothing_can_change_them() {
    check("{% set a = [1, {'k': [b[0]]}] %}", "{% set a = __list([1, __dict({'k': __list([b[0]])})]) %}");
    same("{% if a in ['x', 1, none] and b not in [-1] %}{% endif %}{% for i in ['a', 'b'] %}{% endfor %}");
    check("{% for i in [[1], [2]] %}{% endfor %}", "{% for i in __list([__list([1]), __list([2])]) %}{% endfor %}");
    same("{# [ #}{% raw %}{{ [1] }}{% endraw %} [1] { [2] }");
    check("{{ '}}' ~ [1] }}", "{{ '}}' ~ __list([1]) }}");
}

#[test]
fn operators_become_calls_where_operands_may_be_objects() {
    same("{{ a + 1 }}{{ 'x' + b }}{{ a - 2 * 3 }}{{ a * 2 }}{{ -a }}{{ 5 % 2 }}");
    check("{{ a + b - c }}", "{{ __sub(__add(a , b) , c) }}");
    check("{{ (a - b).days // 7 }}", "{{ (__sub(a , b)).days // 7 }}");
    check("{{ '%s' % (a, b) ~ '-' }}", "{{ __mod('%s' , (a, b)) ~ '-' }}");
    check("{{ [0] * 3 }}", "{{ __mul(__list([0]) , 3) }}");
    check("{{ run_started_at - 2 * a }}", "{{ __sub(run_started_at , __mul(2 , a)) }}");
    check("{{ +a }}", "{{ a }}");
}

#[test]
fn slices_become_calls() {
    check("{{ a[1:] }}{{ a[:-1] }}", "{{ __slice(a,1,none) }}{{ __slice(a,none,-1) }}");
    check("{{ a.b[::2] + c }}", "{{ __add(__slice(a.b,none,none,2) , c) }}");
    check("{{ x[i:j + k:m][0] }}", "{{ __slice(x,i,__add(j , k),m)[0] }}");
}

#[test]
fn tuples_and_do_take_any_expression() {
    check("{{ 1, a }}{% for i in a, b if c %}{% endfor %}", "{{ (1, a) }}{% for i in (a, b) if c %}{% endfor %}");
    same("{% set a, b = 1, 2 %}{% do a.b(c) %}{% do a.b(c)[0](d) %}");
    check("{% do a if b else c() %}", "{% do __do(a if b else c()) %}");
    same(
        "{% call(x, y=1) a.b(c) %}{% endcall %}{% set x | upper %}{% endset %}{% filter upper | lower %}{% endfilter %}",
    );
    same("{{ a is divisibleby 3 and b is not none or c is in(d) }}{{ a if b is defined else c }}");
}

#[test]
fn macros_get_hidden_parameters_and_late_defaults() {
    check("{% macro a() %}{{ varargs }}{% endmacro %}", "{% macro a(varargs=()) %}{{ varargs }}{% endmacro %}");
    check(
        "{% macro a(b, c=[1 - d],) -%}{% if kwargs.x %}{{ varargs | list }}{% endif %}{% endmacro %}",
        "{% macro a(b, c=__list([1 - d]),varargs=(), kwargs={}) -%}{% if kwargs.x %}{{ varargs | list }}{% endif %}{% endmacro %}",
    );
    check(
        "{% macro a(b, c=b ~ [1], d='b') -%}x{% endmacro %}",
        "{% macro a(b, c=__undefined, d='b') %}{% if c is undefined %}{% set c = b ~ __list([1]) %}{% endif  -%}x{% endmacro %}",
    );
    check(
        "{% macro a(b: string, c: Dict[str, Any] = {}) %}{% endmacro %}",
        "{% macro a(b, c = __dict({})) %}{% endmacro %}",
    );
    let found = translate(
        "{# {% macro no() %} #}{% test even(model) %}{% endtest %}{% materialization m, adapter='duckdb' %}{% endmaterialization %}",
    );
    let names: Vec<&str> = found.definitions.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["test_even", "materialization_m_duckdb"]);
}

#[test]
fn what_is_not_understood_stays() {
    same("{{ [1 }}{{ a +  }}{% for [ %}");
    same(&format!("{{{{ {}{} }}}}", "(".repeat(1000), ")".repeat(1000)));
    same(&format!("{{{{ {}1 }}}}", "-".repeat(1000)));
}
