//! Cases whose expected texts come from dbt's own Jinja: see `tests/oracle/jinja.py`.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{TimeZone, Utc};

use super::{Invocation, Macros, Phase, Scope, Templates};
use crate::diagnostics::{Diagnostics, SourceText};
use crate::project::{Dialect, Target};

pub(super) fn invocation() -> Arc<Invocation> {
    let vars =
        serde_json::json!({"text": "value", "list": [1, "two", null], "template": "{{ 1 + 1 }} {{ target.name }}"});
    Arc::new(Invocation {
        project: "shop".to_owned(),
        target: Target {
            profile: "shop".to_owned(),
            name: "dev".to_owned(),
            kind: "duckdb".to_owned(),
            dialect: Dialect::DuckDb,
            warehouse: String::new(),
            database: "warehouse".to_owned(),
            schema: "main".to_owned(),
            threads: 4,
            memory_limit: None,
            raw: serde_json::Map::new(),
        },
        cli_vars: vars.as_object().cloned().unwrap_or_default(),
        package_vars: BTreeMap::new(),
        project_vars: serde_json::Map::new(),
        environment: BTreeMap::from([("DBT_ENV_CUSTOM_ENV_TEAM".to_owned(), "growth".to_owned())]),
        dispatch: BTreeMap::new(),
        started_at: Utc.timestamp_micros(1_709_211_907_123_456).unwrap(),
        id: "id".to_owned(),
        full_refresh: false,
        excerpt: super::Excerpt::default(),
        docs: BTreeMap::new(),
    })
}

/// Templates with some macros.
fn templates(macros: &str) -> Templates {
    let (mut all, mut found) = (Macros::new(), Diagnostics::new());
    if !macros.is_empty() {
        all.add_file("shop", &SourceText::new("macros/case.sql", macros), &mut found);
    }
    let templates = Templates::new(all, &mut found);
    assert!(!found.has_errors(), "{found:?}");
    templates
}

/// Renders a text whose macros come first; an error gives its message.
fn render(text: &str) -> Result<String, String> {
    let (macros, template) = match text.rfind("{% endmacro %}") {
        Some(at) => text.split_at(at + "{% endmacro %}".len()),
        None => ("", text),
    };
    let mut scope = Scope::new(&invocation(), Phase::Parse);
    scope.model = serde_json::json!({"name": "orders", "resource_type": "model"});
    let source = SourceText::new("models/case.sql", template);
    let rendered = templates(macros).render_text(&source, &Arc::new(scope));
    rendered.map_err(|it| format!("{} {}", it.message, it.help.join(" ")))
}

/// Compares every case of a file.
fn check(cases: &str) {
    let (mut template, mut wrong) = (String::new(), Vec::new());
    for line in cases.lines() {
        if line.starts_with('#') && template.is_empty() || line.is_empty() && template.is_empty() {
            continue;
        }
        let expected = match line.strip_prefix("= ").or_else(|| (line == "=").then_some("")) {
            Some(expected) => expected.replace('⏎', "\n"),
            None if line.starts_with("! ") => "failed".to_owned(),
            None => {
                template.push_str(if template.is_empty() { "" } else { "\n" });
                template.push_str(line);
                continue;
            }
        };
        let rendered = render(&template);
        let found = rendered.as_ref().map_or("failed", String::as_str);
        if found != expected {
            let why = rendered.clone().err().unwrap_or_default();
            wrong.push(format!("{template}\n  wanted {expected}\n  found  {found} {why}"));
        }
        template.clear();
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn printing_is_pythons() {
    check(include_str!("cases/printing.txt"));
}

#[test]
fn filters_are_jinjas() {
    check(include_str!("cases/filters.txt"));
}

#[test]
fn methods_are_pythons() {
    check(include_str!("cases/methods.txt"));
}

#[test]
fn times_are_pythons() {
    check(include_str!("cases/datetime.txt"));
}

#[test]
fn patterns_are_pythons() {
    check(include_str!("cases/re.txt"));
}

#[test]
fn iterators_are_pythons() {
    check(include_str!("cases/itertools.txt"));
}

#[test]
fn macros_take_arguments_as_jinjas() {
    check(include_str!("cases/macros.txt"));
}

#[track_caller]
fn same(text: &str, expected: &str) {
    assert_eq!(render(text).as_deref(), Ok(expected));
}

#[track_caller]
fn fails(text: &str, expected: &str) {
    let found = render(text).unwrap_err();
    assert!(found.contains(expected), "{found}");
}

#[test]
fn too_many_arguments_are_explained() {
    let f = "{% macro f(column, alias) %}{% endmacro %}";
    fails(
        &format!("{f}{{{{ f(1, 2, 3) }}}}"),
        "macro `f` takes 2 arguments, but is called with 3 it takes `column`, `alias`",
    );
    fails(&format!("{f}{{{{ f(colum=1) }}}}"), "macro `f` has no argument `colum` did you mean `column`?");
}

#[test]
fn the_context_has_what_dbt_has() {
    same(
        "{% macro one() %}{% do return([1, 2]) %}{% endmacro %}{{ context['one']()[0] }}{{ context.one() }}{{ shop.one() }}\
         {{ context['shop'].one() | length }}{{ context.get('nothing', 5) }}{{ 'ref' in context }}{{ context.project_name }}",
        "1[1, 2][1, 2]25Trueshop",
    );
    same(
        "{% macro ref(name) %}{% do return('<' ~ builtins.ref(name).identifier ~ '>') %}{% endmacro %}{{ ref('a') }}",
        "<a>",
    );
    same(
        "{{ flags.FULL_REFRESH }}{{ flags.full_refresh }}{{ flags.WHICH }}{{ flags.NOTHING }}{{ flags.PRINTER_WIDTH }}",
        "FalseFalserun80",
    );
    same("{{ model.config.materialized }}{{ model['config'].tags }}{{ model.config.get('x', 1) }}", "view[]1");
    same("{{ graph.nodes.values() | list }}{{ graph.sources }}{{ selected_resources }}", "[]{}[]");
    same("{{ target.get('name') }}{{ target.schema }}{{ schema }}{{ database }}", "devmainmainwarehouse");
    same(
        "{{ var.has_var('text') }}{{ var.has_var('no') }}{{ var('no', 1) }}{{ var('no', default=[]) }}",
        "TrueFalse1[]",
    );
    same("{{ var('template') }}", "2 dev");
    same("{{ invocation_args_dict.target }}{{ dbt_metadata_envs }}", "dev{'TEAM': 'growth'}");
    same("{{ diff_of_two_dicts({'A': ['x', 'Y'], 'b': ['z']}, {'a': ['y']}) }}", "{'A': ['x'], 'b': ['z']}");
    same(
        "{{ config.get('no') }}{{ config.get('no', 1) }}{{ config.get('no', default='x', validator=validation.any[list]) }}",
        "None1x",
    );
    same(
        "{{ render('{{ 1 + 1 }} {{ target.name }}') }}{{ env_var('TEAM', 'x') }}{{ env_var('NO', default='y') }}",
        "2 devxy",
    );
    same("{{ try_or_compiler_error('bad', modules.datetime.datetime.strptime is defined, 1) if false }}", "");
    same("{{ print('x') }}{{ log('y', info=true) }}{{ log('z', true) }}", "");
}

#[test]
fn complaints_are_errors() {
    fails("{{ exceptions.raise_compiler_error('no ' ~ 1) }}", "no 1");
    fails("{{ exceptions.missing_relation('a.b') }}", "relation a.b not found");
    fails("{{ exceptions.raise_not_implemented('later') }}", "later");
    fails("{{ exceptions.nothing('x') }}", "nothing");
    fails("{{ try_or_compiler_error('this failed', fromjson, 5) }}", "this failed");
    fails("{{ env_var('DBT_ENV_SECRET_TOKEN') }}", "secret environment variable");
    fails(
        "{% macro f(n) %}{% call f(n) %}{{ f(n + 1) }}{% endcall %}{{ caller() }}{% endmacro %}{{ f(0) }}",
        "calls itself",
    );
    fails("{% set a = [] %}{% do a.append(a) %}", "hold itself");
    fails("{% set a = {} %}{% do a.update({'x': [a]}) %}", "hold itself");
    fails("{{ range(1000000) }}", "100000");
    fails("{{ 'x' * 100000000 }}{{ [1] * 100000000 }}", "too large");
    fails("{{ modules.itertools.count() | list }}", "1000000");
}

#[test]
fn the_clock_is_the_invocations() {
    same("{{ modules.datetime.datetime.now() }}", "2024-02-29 13:05:07.123456");
    same(
        "{{ modules.datetime.datetime.utcnow().date() }} {{ modules.datetime.date.today() }}",
        "2024-02-29 2024-02-29",
    );
    same("{{ modules.datetime.datetime.now(modules.pytz.timezone('Asia/Tokyo')).strftime('%H:%M %Z') }}", "22:05 JST");
    same("{{ (modules.datetime.date.today() - modules.datetime.timedelta(days=60)).isoformat() }}", "2023-12-31");
}

#[test]
fn mistakes_are_shown_where_they_are_written() {
    let text = "{% set a = [1] %}{{ a[0:1] + [2] }}\n{% if a: %}{{ (a - b).days | nofilter }}{% endif %}{{ a + 1 - none.x() }}";
    let place = |text: &str| {
        let source = SourceText::new("models/case.sql", text);
        let scope = Arc::new(Scope::new(&invocation(), Phase::Parse));
        let found = templates("").render_text(&source, &scope).unwrap_err();
        found.place.map(|it| it.text().to_owned()).unwrap_or_default()
    };
    assert_eq!(place(text), "a - b");
    assert!(place("{% set a = [1] %}{{ [a[0:1], 2] | length }}{{ a - a }}").contains("a - a"));
    assert_eq!(place("{% if [1]: %}{{ 1 + }}{% endif %}"), "}}");
}
