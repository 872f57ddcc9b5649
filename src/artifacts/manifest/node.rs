//! Models, seeds, snapshots, analyses, tests, hooks and functions as the manifest lists them.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::artifacts::manifest::definitions::MacroDependsOn;
use crate::artifacts::manifest::{Context, DependsOn, RefText, compiled_path, config, contract, place};
use crate::jinja::RefCall;
use crate::parse::{FunctionFacts, NodeFacts, NodeKind, ParsedNode, TestForm, UseOf};
use crate::project::{Json, Located};

/// A node.
#[derive(Debug, Clone, Serialize)]
pub struct ManifestNode {
    database: Option<String>,
    schema: String,
    name: String,
    resource_type: &'static str,
    package_name: String,
    path: String,
    original_file_path: String,
    unique_id: String,
    fqn: Vec<String>,
    alias: String,
    checksum: Checksum,
    config: serde_json::Map<String, Json>,
    tags: Vec<String>,
    description: String,
    columns: IndexMap<String, ManifestColumn>,
    meta: Json,
    group: Option<String>,
    docs: Json,
    patch_path: Option<String>,
    build_path: Option<String>,
    unrendered_config: serde_json::Map<String, Json>,
    created_at: f64,
    relation_name: Option<String>,
    /// The text as the user wrote it.
    pub raw_code: String,
    doc_blocks: Vec<String>,
    /// What only nodes of its kind have.
    #[serde(flatten)]
    pub particulars: Particulars,
}

/// What identifies a file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checksum {
    name: &'static str,
    checksum: String,
}

/// A described column.
#[derive(Debug, Clone, Serialize)]
pub struct ManifestColumn {
    name: String,
    description: String,
    meta: Json,
    data_type: Option<String>,
    constraints: Vec<Json>,
    quote: Option<bool>,
    config: Json,
    tags: Vec<String>,
    granularity: Option<String>,
    doc_blocks: Vec<String>,
}

/// What only nodes of one kind have.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Particulars {
    /// A node with SQL.
    Query(Box<QueryParticulars>),
    /// A seed has no SQL.
    #[expect(private_interfaces, reason = "only written, never read by others")]
    Seed {
        /// Where the project is: not told, so that the same project gives the same bytes anywhere.
        root_path: Option<String>,
        /// Macros of its hooks.
        depends_on: MacroDependsOn,
    },
}

/// What only nodes with SQL have.
#[derive(Debug, Clone, Serialize)]
pub struct QueryParticulars {
    language: &'static str,
    refs: Vec<RefText>,
    sources: Vec<[String; 2]>,
    metrics: Vec<Json>,
    functions: Vec<Json>,
    depends_on: DependsOn,
    compiled_path: Option<String>,
    /// Its final SQL, where it has been compiled.
    #[serde(flatten)]
    pub compiled: Option<CompiledCode>,
    contract: Json,
    #[serde(flatten)]
    of_kind: Option<OfKind>,
}

/// The final SQL of a node.
#[derive(Debug, Clone, Serialize)]
pub struct CompiledCode {
    compiled: bool,
    /// The SQL.
    pub compiled_code: String,
    extra_ctes_injected: bool,
    extra_ctes: Vec<Json>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum OfKind {
    Model {
        access: Json,
        constraints: Vec<Json>,
        version: Option<Json>,
        latest_version: Option<Json>,
        deprecation_date: Option<String>,
        primary_key: Vec<String>,
        time_spine: Option<Json>,
    },
    Operation {
        index: usize,
    },
    Function {
        returns: Json,
        arguments: Vec<Json>,
    },
    GenericTest {
        column_name: Option<String>,
        file_key_name: String,
        attached_node: Option<String>,
        test_metadata: TestMetadata,
    },
}

#[derive(Debug, Clone, Serialize)]
struct TestMetadata {
    name: String,
    kwargs: serde_json::Map<String, Json>,
    namespace: Option<String>,
}

impl ManifestNode {
    pub(super) fn set_primary_key(&mut self, columns: Vec<String>) {
        if let Particulars::Query(query) = &mut self.particulars
            && let Some(OfKind::Model { primary_key, .. }) = &mut query.of_kind
        {
            *primary_key = columns;
        }
    }

    /// Its final SQL, where it has been compiled.
    pub fn compiled_code(&self) -> Option<&str> {
        match &self.particulars {
            Particulars::Query(query) => query.compiled.as_ref().map(|it| it.compiled_code.as_str()),
            Particulars::Seed { .. } => None,
        }
    }
}

pub(super) fn node(context: &Context<'_>, parsed: &ParsedNode) -> ManifestNode {
    let facts = &parsed.facts;
    let project = context.project;
    let config = config::full(facts);
    ManifestNode {
        database: Some(facts.relation.database.clone()),
        schema: facts.relation.schema.clone(),
        name: facts.name.clone(),
        resource_type: facts.resource_type().as_str(),
        package_name: facts.package.clone(),
        path: place::below_folder(facts),
        original_file_path: match facts.kind {
            NodeKind::Operation(_) => format!("./{}", place::original(&project.file, &facts.package, &facts.path)),
            _ => place::original(&project.file, &facts.package, &facts.path).to_owned(),
        },
        unique_id: facts.id.to_string(),
        fqn: facts.fqn.clone(),
        alias: facts.relation.identifier.clone(),
        checksum: checksum(facts),
        tags: tags(facts),
        description: facts.description.clone(),
        columns: columns(facts),
        meta: meta(facts),
        group: facts.group().map(str::to_owned),
        docs: config.get("docs").cloned().unwrap_or_else(|| json!({"show": true, "node_color": null})),
        patch_path: facts
            .patch_path
            .as_ref()
            .map(|path| format!("{}://{}", facts.package, place::original(&project.file, &facts.package, path))),
        build_path: None,
        unrendered_config: config::unrendered(facts),
        created_at: context.created_at(),
        relation_name: makes_relation(facts).then(|| facts.relation.to_string()),
        raw_code: raw_code(facts),
        doc_blocks: facts.doc_blocks.clone(),
        particulars: particulars(context, parsed, &config),
        config,
    }
}

fn particulars(context: &Context<'_>, parsed: &ParsedNode, config: &serde_json::Map<String, Json>) -> Particulars {
    let facts = &parsed.facts;
    if matches!(facts.kind, NodeKind::Seed) {
        return Particulars::Seed { root_path: None, depends_on: MacroDependsOn::default() };
    }
    let compiled = context.compiled.get(&facts.id).map(|sql| CompiledCode {
        compiled: true,
        compiled_code: sql.clone(),
        extra_ctes_injected: true,
        extra_ctes: Vec::new(),
    });
    let mut contract = json!({"enforced": false, "alias_types": true, "checksum": null});
    if let (Json::Object(contract), Some(Json::Object(set))) = (&mut contract, config.get("contract")) {
        contract.extend(set.clone());
        if matches!(facts.kind, NodeKind::Model) && set.get("enforced") == Some(&Json::Bool(true)) {
            contract.insert("checksum".to_owned(), Json::from(contract::checksum(facts)));
        }
    }
    Particulars::Query(Box::new(QueryParticulars {
        language: match &facts.kind {
            NodeKind::Function(function) => function.language.as_str(),
            _ => "sql",
        },
        refs: parsed.refs.iter().map(|(call, _)| RefText::from(call)).collect(),
        sources: source_texts(parsed),
        metrics: Vec::new(),
        functions: parsed.functions.iter().map(|(call, _)| function_call(call)).collect(),
        depends_on: context.depends_on(parsed),
        compiled_path: compiled.is_some().then(|| compiled_path(context.project, facts)),
        compiled,
        contract,
        of_kind: of_kind(context, parsed, config),
    }))
}

fn of_kind(context: &Context<'_>, parsed: &ParsedNode, config: &serde_json::Map<String, Json>) -> Option<OfKind> {
    match &parsed.facts.kind {
        NodeKind::Model => Some(OfKind::Model {
            access: config.get("access").cloned().unwrap_or_else(|| Json::from("protected")),
            constraints: parsed.facts.model.constraints.iter().map(|it| contract::of_model(&it.value)).collect(),
            version: parsed.facts.model.version.as_ref().map(|it| it.json().clone()),
            latest_version: parsed.facts.model.latest_version.as_ref().map(|it| it.json().clone()),
            deprecation_date: parsed.facts.model.deprecation_date.clone(),
            primary_key: Vec::new(),
            time_spine: parsed.facts.model.time_spine.clone(),
        }),
        NodeKind::Operation(facts) => Some(OfKind::Operation { index: facts.index }),
        NodeKind::Function(facts) => Some(function(facts)),
        NodeKind::Test(test) => match &test.form {
            TestForm::Generic { kind, namespace, arguments, column, of } => {
                // dbt attaches tests to what `ref` can mean only.
                let tested = context.resolved(parsed).and_then(|it| it.tested.clone());
                let attached = tested.filter(|it| !it.as_str().starts_with("source."));
                let is_a = |word: &str| attached.as_ref().is_some_and(|it| it.as_str().starts_with(word));
                let (key, call) = match of {
                    UseOf::Ref(call) => {
                        let section = match () {
                            () if is_a("seed.") => "seeds",
                            () if is_a("snapshot.") => "snapshots",
                            () => "models",
                        };
                        let version = call.version.as_ref().map(|it| format!(", version='{it}'")).unwrap_or_default();
                        (format!("{section}.{}", call.name), format!("ref('{}'{version})", call.name))
                    }
                    UseOf::Source(call) => {
                        (format!("sources.{}", call.source), format!("source('{}', '{}')", call.source, call.table))
                    }
                };
                let mut kwargs = arguments.clone();
                kwargs.insert("model".to_owned(), Json::from(format!("{{{{ get_where_subquery({call}) }}}}")));
                Some(OfKind::GenericTest {
                    column_name: column.clone(),
                    file_key_name: key,
                    attached_node: attached.map(|it| it.to_string()),
                    test_metadata: TestMetadata { name: kind.clone(), kwargs, namespace: namespace.clone() },
                })
            }
            TestForm::Singular => None,
        },
        _ => None,
    }
}

/// A call of a function as dbt lists it: its names.
fn function_call(call: &RefCall) -> Json {
    call.package.iter().chain([&call.name]).map(String::as_str).collect()
}

fn function(facts: &FunctionFacts) -> OfKind {
    let with = |it: &Json, keys: &[&str]| {
        let value = |key: &&str| ((*key).to_owned(), it.get(*key).cloned().unwrap_or_default());
        Json::Object(keys.iter().map(value).collect())
    };
    let argument = |it: &Located<Json>| with(&it.value, &["name", "data_type", "description", "default_value"]);
    let returns = facts.returns.as_ref().map_or(&Json::Null, |it| &it.value);
    OfKind::Function {
        returns: with(returns, &["data_type", "description"]),
        arguments: facts.arguments.iter().map(argument).collect(),
    }
}

/// Tags of a node: tests have those of the column or source that they stand under, hooks when they run.
fn tags(facts: &NodeFacts) -> Vec<String> {
    let own = facts.config.tags().into_iter().map(str::to_owned);
    match &facts.kind {
        NodeKind::Operation(hook) => vec![hook.when.as_str().to_owned()],
        NodeKind::Test(test) if matches!(test.form, TestForm::Generic { .. }) => {
            let all: BTreeSet<String> = test.inherited_tags.iter().cloned().chain(own).collect();
            all.into_iter().collect()
        }
        _ => own.collect(),
    }
}

/// dbt takes the SHA-256 of the text without white space around it, and of what YAML defines, nothing.
/// Of a large seed, like in dbt, its path stands for its content.
fn checksum(facts: &NodeFacts) -> Checksum {
    match &facts.kind {
        NodeKind::Seed => match &facts.checksum {
            Some(checksum) => Checksum { name: "sha256", checksum: checksum.clone() },
            None => Checksum { name: "path", checksum: facts.path.clone() },
        },
        NodeKind::Test(test) if matches!(test.form, TestForm::Generic { .. }) => {
            Checksum { name: "none", checksum: String::new() }
        }
        _ => {
            let digest = Sha256::digest(facts.source.text.trim().as_bytes());
            Checksum { name: "sha256", checksum: digest.iter().map(|byte| format!("{byte:02x}")).collect() }
        }
    }
}

fn raw_code(facts: &NodeFacts) -> String {
    match &facts.kind {
        NodeKind::Test(test) => match &test.form {
            TestForm::Generic { kind, namespace, .. } => {
                let prefix = namespace.as_ref().map(|it| format!("{it}.")).unwrap_or_default();
                format!("{{{{ {prefix}test_{kind}(**_dbt_generic_test_kwargs) }}}}")
            }
            TestForm::Singular => facts.source.text.trim().to_owned(),
        },
        NodeKind::Seed => String::new(),
        NodeKind::Snapshot(snapshot) => snapshot.raw_code.clone(),
        _ => facts.source.text.trim().to_owned(),
    }
}

fn makes_relation(facts: &NodeFacts) -> bool {
    match &facts.kind {
        NodeKind::Model => !facts.is_ephemeral(),
        NodeKind::Seed | NodeKind::Snapshot(_) | NodeKind::Source(_) => true,
        NodeKind::Test(_) => facts.config.flag("store_failures") == Some(true),
        _ => false,
    }
}

pub(super) fn columns(facts: &NodeFacts) -> IndexMap<String, ManifestColumn> {
    let column = |it: &crate::parse::Column| {
        let meta = if it.meta.is_object() { it.meta.clone() } else { json!({}) };
        let column = ManifestColumn {
            name: it.name.clone(),
            description: it.description.clone(),
            config: json!({"meta": meta.clone(), "tags": it.tags}),
            meta,
            data_type: it.data_type.as_ref().map(|(name, _)| name.clone()),
            constraints: it.constraints.iter().map(|it| contract::of_column(&it.value)).collect(),
            quote: it.quote,
            tags: it.tags.clone(),
            granularity: it.granularity.clone(),
            doc_blocks: it.doc_blocks.clone(),
        };
        (it.name.clone(), column)
    };
    facts.columns.iter().map(column).collect()
}

pub(super) fn meta(facts: &NodeFacts) -> Json {
    facts.config.get("meta").filter(|it| it.is_object()).cloned().unwrap_or_else(|| json!({}))
}

pub(super) fn source_texts(parsed: &ParsedNode) -> Vec<[String; 2]> {
    parsed.sources.iter().map(|(call, _)| [call.source.clone(), call.table.clone()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_dbt() {
        let (_, graph) = crate::artifacts::tests::project();
        let of = |name: &str| checksum(&graph.nodes().find(|it| it.facts.name == name).unwrap().facts);
        // printf "select * from {{ ref('fct_orders') }} where id < 0" | sha256sum
        let expected = "afdb365354936ca8e5a1541f450e691888f0816399532ba72efd8f6e0a803bf3";
        assert_eq!(of("no_orders_below_zero"), Checksum { name: "sha256", checksum: expected.to_owned() });
        assert_eq!(of("countries").name, "sha256");
        assert_eq!(of("unique_fct_orders_id").name, "none");
    }
}
