//! Monitors of properties files, as nodes of their own: what they are about is resolved with everything else.

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::jinja::RelationName;
use crate::monitors;
use crate::parse::calls::parse_call;
use crate::parse::context::Context;
use crate::parse::facts::{InProperties, NodeFacts, NodeId, ParsedNode};
use crate::parse::kinds::{MonitorFacts, NodeKind, UseOf, Watched};
use crate::project::{Located, MonitorProperties, Properties};

/// All monitors of a package.
pub(super) fn read(context: &Context<'_>, properties: &[Properties], found: &mut Diagnostics) -> Vec<ParsedNode> {
    let monitors = properties.iter().flat_map(|it| &it.monitors);
    monitors.filter_map(|it| node(context, it, found)).collect()
}

fn node(context: &Context<'_>, entry: &MonitorProperties, found: &mut Diagnostics) -> Option<ParsedNode> {
    let package = context.package_name();
    let name = &entry.name;
    entry.config.report_wrong_values(&format!("monitor `{}`", name.value), found);
    // What is switched off need not be right.
    if !entry.config.enabled() {
        return None;
    }
    let monitor = monitors::read(entry, found)?;
    let relation = monitor.watch.relation().cloned();
    let of = match &relation {
        None => None,
        Some(written) => match watched(context, written) {
            Some(of) => Some(of),
            None => {
                found.push(unknown(&name.value, written));
                return None;
            }
        },
    };
    let (mut refs, mut sources) = (Vec::new(), Vec::new());
    if let Some((Watched::Node(of), written)) = of.as_ref().zip(relation) {
        match of {
            UseOf::Ref(call) => refs.push((call.clone(), written.span)),
            UseOf::Source(call) => sources.push((call.clone(), written.span)),
        }
    }
    let facts = NodeFacts::in_properties(InProperties {
        id: NodeId::new(format!("monitor.{package}.{}", name.value)),
        name,
        kind: NodeKind::Monitor(MonitorFacts { monitor, of }),
        package,
        file: &entry.file,
        fqn: context.fqn(&entry.file, &context.package.file.paths.models, &name.value),
        description: context.describe(&entry.description, &name.span, found),
        config: entry.config.clone(),
    });
    Some(ParsedNode { facts, refs, sources, functions: Vec::new(), macros: Vec::new() })
}

/// `ref('x')`, `source('x', 'y')`, or `schema.table` of the warehouse.
fn watched(context: &Context<'_>, written: &Located<String>) -> Option<Watched> {
    match parse_call(&written.value) {
        Some(Ok(call)) => return Some(Watched::Node(UseOf::Ref(call))),
        Some(Err(call)) => return Some(Watched::Node(UseOf::Source(call))),
        None => {}
    }
    let is_name = |it: &&str| !it.is_empty() && it.chars().all(|it| it.is_alphanumeric() || it == '_');
    let parts: Vec<&str> = written.value.trim().split('.').collect();
    let database = &context.invocation.target.database;
    match parts.as_slice() {
        parts if !parts.iter().all(is_name) => None,
        [schema, table] => Some(Watched::Table(RelationName::new(database, *schema, *table))),
        [database, schema, table] => Some(Watched::Table(RelationName::new(*database, *schema, *table))),
        _ => None,
    }
}

fn unknown(monitor: &str, written: &Located<String>) -> Diagnostic {
    let words = format!("monitor `{monitor}` is about `{}`, which is no reference", written.value);
    let name = Some(written.value.trim()).filter(|it| it.chars().all(|it| it.is_alphanumeric() || it == '_'));
    let name = name.unwrap_or("model");
    Diagnostic::error(Code::WrongValue, words).at(written.span.clone()).help(format!(
        "write `ref('{name}')`, `source('source', 'table')`, or `schema.table` for a table of the warehouse"
    ))
}
