//! Uses of generic tests in properties files, as nodes of their own.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::jinja::{Captured, Phase, RefCall, RelationName, Scope, SourceCall};
use crate::parse::calls::parse_call;
use crate::parse::context::Context;
use crate::parse::facts::{ModelFacts, NodeFacts, NodeId, ParsedNode};
use crate::parse::kinds::{NodeKind, TestFacts, TestForm, UseOf};
use crate::parse::test_names;
use crate::parse::versions::Patch;
use crate::project::{ColumnProperties, Json, NodeProperties, Properties, TestProperties};

/// Kinds that need no macro.
const BUILT_IN: [&str; 4] = ["accepted_values", "not_null", "relationships", "unique"];

/// What a test is attached to.
struct Owner<'a> {
    of: UseOf,
    /// The part of the test's name that stands for the owner.
    name: String,
    /// dbt prefixes the kind of source tests.
    prefix: &'static str,
    /// How the owner is written in `model`.
    model: String,
    /// Tags that its tests have too.
    tags: Vec<String>,
    /// The group that its tests are in too.
    group: Option<String>,
    file: &'a str,
}

/// All generic tests of a package. `nodes` are those that they can be about, of all packages.
pub(super) fn read(
    context: &Context<'_>,
    properties: &[Properties],
    about: &[ParsedNode],
    found: &mut Diagnostics,
) -> Vec<ParsedNode> {
    let mut nodes = Vec::new();
    for file in properties {
        for entry in file.models.iter().chain(&file.seeds).chain(&file.snapshots) {
            let versions = entry.versions.iter().map(|it| Patch { node: entry, version: Some(it) });
            let patches: Vec<Patch<'_>> = match entry.versions.as_slice() {
                [] => vec![Patch { node: entry, version: None }],
                _ => versions.collect(),
            };
            for patch in patches {
                let owner = owner(context, entry, patch, about);
                read_owner(context, &owner, patch.tests(), &patch.columns(), &mut nodes, found);
            }
        }
        for source in &file.sources {
            for table in &source.tables {
                let (source_name, table_name) = (&source.name.value, &table.name.value);
                let owner = Owner {
                    of: UseOf::Source(SourceCall { source: source_name.clone(), table: table_name.clone() }),
                    name: format!("{source_name}_{table_name}"),
                    prefix: "source_",
                    model: format!("{{{{ get_where_subquery(source('{source_name}', '{table_name}')) }}}}"),
                    tags: source.tags.iter().chain(&table.tags).cloned().collect(),
                    group: None,
                    file: &source.file,
                };
                let columns: Vec<&ColumnProperties> = table.columns.iter().collect();
                read_owner(context, &owner, &table.tests, &columns, &mut nodes, found);
            }
        }
    }
    nodes
}

/// A model, in one of its versions, a seed or a snapshot.
fn owner<'a>(context: &Context<'_>, entry: &'a NodeProperties, patch: Patch<'_>, about: &[ParsedNode]) -> Owner<'a> {
    let name = &entry.name.value;
    let version = patch.version.map(|it| &it.version.value);
    let of = RefCall { package: None, name: name.clone(), version: version.map(|it| it.text()) };
    let is_it = |it: &&ParsedNode| {
        let facts = &it.facts;
        facts.can_be_read()
            && facts.name == *name
            && facts.package == context.package_name()
            && facts.model.version.as_ref() == version
    };
    let group = about.iter().find(is_it).and_then(|it| it.facts.group());
    let call = match version {
        Some(version) => format!("ref('{name}', version='{}')", version.text()),
        None => format!("ref('{name}')"),
    };
    Owner {
        of: UseOf::Ref(of),
        name: version.map_or_else(|| name.clone(), |it| format!("{name}_{it}")),
        prefix: "",
        model: format!("{{{{ get_where_subquery({call}) }}}}"),
        tags: Vec::new(),
        group: group.map(str::to_owned),
        file: &entry.file,
    }
}

fn read_owner(
    context: &Context<'_>,
    owner: &Owner<'_>,
    tests: &[TestProperties],
    columns: &[&ColumnProperties],
    nodes: &mut Vec<ParsedNode>,
    found: &mut Diagnostics,
) {
    let of_columns = columns.iter().flat_map(|column| column.tests.iter().map(move |test| (test, Some(*column))));
    for (test, column) in tests.iter().map(|test| (test, None)).chain(of_columns) {
        nodes.extend(read_one(context, owner, test, column, found));
    }
}

fn read_one(
    context: &Context<'_>,
    owner: &Owner<'_>,
    test: &TestProperties,
    column: Option<&ColumnProperties>,
    found: &mut Diagnostics,
) -> Option<ParsedNode> {
    let kind = &test.kind.value;
    let package = context.package_name();
    let macros = context.templates.macros();
    let definition = macros.find(&format!("test_{kind}"), test.namespace.as_deref().unwrap_or(package));
    if definition.is_none() && !BUILT_IN.contains(&kind.as_str()) {
        let written = macros.names().filter_map(|it| it.strip_prefix("test_"));
        found.push(
            Diagnostic::error(Code::UnknownTest, format!("there is no kind of test `{kind}`"))
                .at(test.kind.span.clone())
                .help_if(closest(kind, written.chain(BUILT_IN)), |it| format!("did you mean `{it}`?")),
        );
        return None;
    }
    let mut arguments = test.arguments.clone();
    if let Some(column) = column {
        arguments.insert("column_name".to_owned(), Json::from(column.name.value.as_str()));
    }
    let prefixed = match (&test.namespace, owner.prefix) {
        (Some(namespace), prefix) => format!("{prefix}{namespace}_{kind}"),
        (None, prefix) => format!("{prefix}{kind}"),
    };
    let (short, full) = match &test.name {
        Some(name) => (name.clone(), name.clone()),
        None => test_names::synthesize(&prefixed, &owner.name, &arguments),
    };
    let mut kwargs = arguments.clone();
    kwargs.insert("model".to_owned(), Json::from(owner.model.as_str()));
    let metadata = serde_json::json!({"name": kind, "namespace": test.namespace, "kwargs": kwargs});
    let hash = test_names::hash(&full, &metadata);
    let fqn = context.fqn_of_test(owner.file, &full);
    let mut config = context.config_for("data_tests", &fqn);
    let first_look = definition.map(|it| look_inside(context, &it.full_name(), owner, &arguments, &test.span));
    let first_look = first_look.unwrap_or_default();
    config.overlay(first_look.config);
    config.overlay(test.config.clone());
    config.report_wrong_values(&format!("test `{full}`"), found);
    let (mut refs, mut sources) = (Vec::new(), Vec::new());
    match &owner.of {
        UseOf::Ref(call) => refs.push((call.clone(), test.span.clone())),
        UseOf::Source(call) => sources.push((call.clone(), test.span.clone())),
    }
    for value in test.arguments.values().filter_map(Json::as_str) {
        match parse_call(value) {
            Some(Ok(call)) => refs.push((call, test.span.clone())),
            Some(Err(call)) => sources.push((call, test.span.clone())),
            None => {}
        }
    }
    let all_refs = first_look.refs.into_iter().map(|it| (it, test.span.clone()));
    refs.extend(all_refs.filter(|(call, _)| !refs.iter().any(|(it, _)| it == call)).collect::<Vec<_>>());
    let all_sources = first_look.sources.into_iter().map(|it| (it, test.span.clone()));
    sources.extend(all_sources.filter(|(call, _)| !sources.iter().any(|(it, _)| it == call)).collect::<Vec<_>>());
    let target = &context.invocation.target;
    let schema = config.text("schema").unwrap_or("dbt_test__audit");
    let alias = config.text("alias").unwrap_or(&short).to_owned();
    let facts = NodeFacts {
        id: NodeId::new(format!("test.{package}.{full}.{hash}")),
        name: full,
        package: package.to_owned(),
        path: owner.file.to_owned(),
        fqn,
        relation: RelationName::new(target.database.clone(), format!("{}_{schema}", target.schema), alias),
        source: Arc::clone(&test.span.source),
        span: test.span.clone(),
        description: test.description.clone(),
        columns: Vec::new(),
        patch_path: None,
        doc_blocks: context.doc_blocks(&test.description),
        model: ModelFacts::default(),
        checksum: None,
        kind: NodeKind::Test(TestFacts {
            inherited_group: owner.group.clone(),
            inherited_tags: owner.tags.iter().chain(column.into_iter().flat_map(|it| &it.tags)).cloned().collect(),
            form: TestForm::Generic {
                kind: kind.clone(),
                namespace: test.namespace.clone(),
                arguments,
                column: column.map(|it| it.name.value.clone()),
                of: owner.of.clone(),
            },
        }),
        config,
    };
    let macros = definition.map(|it| vec![it.name.clone()]).unwrap_or_default();
    Some(ParsedNode { facts, refs, sources, functions: Vec::new(), macros })
}

/// What a kind of test that is a macro refers to and configures, seen by rendering it once. What goes wrong here goes
/// wrong again when it is compiled, and is reported then.
fn look_inside(
    context: &Context<'_>,
    macro_name: &str,
    owner: &Owner<'_>,
    arguments: &serde_json::Map<String, Json>,
    span: &Span,
) -> Captured {
    let mut arguments = arguments.clone();
    let model = serde_json::json!({"__database": "", "__schema": "parse", "__identifier": owner.name});
    arguments.insert("model".to_owned(), model);
    let mut scope = Scope::new(context.invocation, Phase::Parse);
    scope.package = context.package_name().to_owned();
    let scope = Arc::new(scope);
    let _ = context.templates.call(macro_name, &arguments, &scope, span);
    std::mem::take(&mut *scope.captured())
}
