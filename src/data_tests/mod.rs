//! Tests of data: what each kind asks, and what the answer means. One file per kind.
//! To add a kind: a file in `kinds/`, and its line in `kinds::ALL`. Runs nothing itself.

mod kinds;
mod verdict;
mod way;

pub use verdict::{Verdict, verdict};
pub use way::{Alone, KeyOf, Proof, Way};

use std::sync::Arc;

use crate::compile::{self, Surroundings, Uncompiled};
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::graph::Node;
use crate::jinja::{Excerpt, RefCall, RelationName, Resolve, SourceCall, YamlText};
use crate::parse::{NodeKind, ParsedProject, TestForm, UseOf};
use crate::project::{Json, RenderText};

/// Arguments of a test, as its kind sees them.
pub(crate) struct Arguments<'a> {
    /// The column under test, if the test has one.
    pub(crate) column: Option<&'a str>,
    /// Everything else, with references already replaced by relations.
    pub(crate) rest: &'a serde_json::Map<String, Json>,
    /// Where the test stands.
    pub(crate) span: &'a Span,
}

impl Arguments<'_> {
    fn column(&self, kind: &str) -> Result<&str, Diagnostic> {
        self.column.ok_or_else(|| self.missing(kind, "column_name"))
    }

    fn text(&self, kind: &str, key: &str) -> Result<&str, Diagnostic> {
        self.rest.get(key).and_then(Json::as_str).ok_or_else(|| self.missing(kind, key))
    }

    fn missing(&self, kind: &str, key: &str) -> Diagnostic {
        Diagnostic::error(Code::MissingKey, format!("test `{kind}` has no `{key}`"))
            .at(self.span.clone())
            .help(format!("write `{key}:` under the test's `arguments:`"))
    }
}

/// A built-in kind of test.
pub(crate) trait DataTest: Sync {
    /// The name in properties files.
    fn name(&self) -> &'static str;

    /// The query for rows that should not be there. `model` is what stands after `from`.
    fn query(&self, model: &str, arguments: &Arguments<'_>) -> Result<String, Diagnostic>;
}

/// The query of a test: the rows that it returns are failures.
///
/// # Errors
/// Arguments that are missing or wrong, or what went wrong in the test's own template.
pub fn query(project: &ParsedProject, node: &Node, around: &Surroundings) -> Result<String, Uncompiled> {
    let NodeKind::Test(test) = &node.facts.kind else { return Ok(String::new()) };
    match &test.form {
        TestForm::Singular => compile::compile(project, node, around).map(|it| it.sql),
        TestForm::Generic { kind, namespace, arguments, column, of } => {
            let model = tested_relation(node, of);
            let package = namespace.as_deref().unwrap_or(&node.facts.package);
            let own = project.templates.macros().find(&format!("test_{kind}"), package);
            match (own, kinds::find(kind)) {
                (Some(definition), _) => {
                    custom(project, node, &definition.full_name(), arguments.clone(), &model, around)
                }
                (None, Some(built_in)) => {
                    let filtered = with_where(node, &project.invocation.excerpt.of(&model.to_string()));
                    let rest = resolve_arguments(node, arguments, &project.invocation.excerpt);
                    let rest = render_arguments(node, rest, project).map_err(Uncompiled::Wrong)?;
                    let column = column.as_deref().or_else(|| rest.get("column_name").and_then(Json::as_str));
                    let arguments = Arguments { column, rest: &rest, span: &node.facts.span };
                    built_in.query(&filtered, &arguments).map_err(Uncompiled::Wrong)
                }
                (None, None) => Err(Uncompiled::Wrong(
                    Diagnostic::error(Code::UnknownTest, format!("there is no kind of test `{kind}`"))
                        .at(node.facts.span.clone()),
                )),
            }
        }
    }
}

/// A kind of test that is a macro of the project or of a package.
fn custom(
    project: &ParsedProject,
    node: &Node,
    macro_name: &str,
    mut arguments: serde_json::Map<String, Json>,
    model: &RelationName,
    around: &Surroundings,
) -> Result<String, Uncompiled> {
    let model = match node.facts.config.text("where") {
        Some(_) => Json::from(with_where(node, &project.invocation.excerpt.of(&model.to_string()))),
        None => relation_argument(model),
    };
    arguments.insert("model".to_owned(), model);
    let scope = Arc::new(compile::scope(project, node, around));
    let called = project.templates.call(macro_name, &arguments, &scope, &node.facts.span);
    called.map_err(|problem| compile::uncompiled(problem, &scope))
}

fn tested_relation(node: &Node, of: &UseOf) -> RelationName {
    let resolved = match of {
        UseOf::Ref(call) => node.calls.resolve_ref(call),
        UseOf::Source(call) => node.calls.resolve_source(call),
    };
    // The graph keeps only nodes whose references are resolved.
    resolved.unwrap_or_else(|| node.facts.relation.clone())
}

/// dbt's `get_where_subquery`.
fn with_where(node: &Node, model: &str) -> String {
    match node.facts.config.text("where") {
        Some(condition) => format!("(select * from {model} where {condition}) dbt_subquery"),
        None => model.to_owned(),
    }
}

fn relation_argument(relation: &RelationName) -> Json {
    serde_json::json!({
        "__database": relation.database, "__schema": relation.schema, "__identifier": relation.identifier,
    })
}

/// Arguments that are templates become what they give: `values: "{{ var('statuses') }}"` may be a list.
fn render_arguments(
    node: &Node,
    arguments: serde_json::Map<String, Json>,
    project: &ParsedProject,
) -> Result<serde_json::Map<String, Json>, Diagnostic> {
    let render = |(key, value): (String, Json)| match value.as_str().filter(|it| it.contains("{{")) {
        None => Ok((key, value)),
        Some(text) => {
            let rendered = YamlText::of_package(&project.invocation, &node.facts.package).render(text);
            rendered.map(|it| (key, it)).map_err(|problem| problem.at(node.facts.span.clone()))
        }
    };
    arguments.into_iter().map(render).collect()
}

/// Arguments that are written as `ref('x')` become relations.
fn resolve_arguments(
    node: &Node,
    arguments: &serde_json::Map<String, Json>,
    excerpt: &Excerpt,
) -> serde_json::Map<String, Json> {
    let resolve = |value: &Json| {
        let text = value.as_str()?.trim().trim_start_matches("{{").trim_end_matches("}}").trim();
        let (function, names) = text.strip_suffix(')')?.split_once('(')?;
        let unquoted = |it: &str| it.trim().trim_matches(['\'', '"']).to_owned();
        let (named, names): (Vec<&str>, Vec<&str>) = names.split(',').partition(|it| it.contains('='));
        let names: Vec<String> = names.into_iter().map(unquoted).collect();
        let version = named.first().and_then(|it| it.split_once('=')).map(|(_, value)| unquoted(value));
        match (function.trim(), names.as_slice()) {
            ("ref", [name]) => node.calls.resolve_ref(&RefCall { package: None, name: name.clone(), version }),
            ("ref", [package, name]) => {
                node.calls.resolve_ref(&RefCall { package: Some(package.clone()), name: name.clone(), version })
            }
            ("source", [source, table]) => {
                node.calls.resolve_source(&SourceCall { source: source.clone(), table: table.clone() })
            }
            _ => None,
        }
    };
    let resolved = |value: &Json| resolve(value).map(|it| Json::from(excerpt.of(&it.to_string())));
    arguments.iter().map(|(key, value)| (key.clone(), resolved(value).unwrap_or_else(|| value.clone()))).collect()
}
