//! The project's macros and documentation blocks, as the manifest lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;
use serde_json::json;

use crate::artifacts::manifest::place;
use crate::jinja::{MacroDefinition, Macros};
use crate::parse::ParsedProject;
use crate::project::{Config, Json, NodeProperties};

/// A macro.
#[derive(Debug, Clone, Serialize)]
pub struct ManifestMacro {
    name: String,
    resource_type: &'static str,
    package_name: String,
    path: String,
    original_file_path: String,
    unique_id: String,
    macro_sql: String,
    depends_on: MacroDependsOn,
    description: String,
    meta: Json,
    docs: Json,
    config: Json,
    patch_path: Option<String>,
    arguments: Vec<Json>,
    created_at: f64,
    supported_languages: Option<Vec<String>>,
}

/// The macros that something calls.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct MacroDependsOn {
    pub(super) macros: Vec<String>,
}

/// A documentation block.
#[derive(Debug, Clone, Serialize)]
pub struct DocBlock {
    /// Its name.
    pub name: String,
    resource_type: &'static str,
    package_name: String,
    path: String,
    original_file_path: String,
    unique_id: String,
    /// Markdown.
    pub block_contents: String,
}

/// `macro.<package>.<name>`.
pub(super) fn macro_id(definition: &MacroDefinition) -> String {
    format!("macro.{}.{}", definition.package, definition.name)
}

/// All macros, by id.
pub(super) fn macros(project: &ParsedProject, created_at: f64) -> BTreeMap<String, ManifestMacro> {
    let macros = project.templates.macros();
    let described = |it: &MacroDefinition| {
        let is_it =
            |(package, entry): &&(String, NodeProperties)| *package == it.package && entry.name.value == it.name;
        project.macro_properties.iter().find(is_it).map(|(_, entry)| entry)
    };
    let entry = |it| (macro_id(it), macro_entry(macros, it, described(it), project, created_at));
    macros.iter().map(entry).collect()
}

fn macro_entry(
    macros: &Macros,
    definition: &MacroDefinition,
    described: Option<&NodeProperties>,
    project: &ParsedProject,
    created_at: f64,
) -> ManifestMacro {
    let sql = text_of(definition);
    let original = |path: &str| place::original(&project.file, &definition.package, path).to_owned();
    let path = original(&definition.span.source.path);
    let configured = |key: &str| described.and_then(|it| Config::get(&it.config, key)).cloned();
    let meta = configured("meta").unwrap_or_else(|| json!({}));
    let mut docs = json!({"show": true, "node_color": null});
    if let (Json::Object(docs), Some(Json::Object(set))) = (&mut docs, configured("docs")) {
        docs.extend(set);
    }
    let argument = |it: &Json| json!({"name": it["name"], "type": it.get("type"), "description": it.get("description").cloned().unwrap_or_else(|| json!(""))});
    ManifestMacro {
        name: definition.name.clone(),
        resource_type: "macro",
        package_name: definition.package.clone(),
        path: path.clone(),
        original_file_path: path,
        unique_id: macro_id(definition),
        depends_on: MacroDependsOn { macros: called(macros, definition, sql) },
        macro_sql: sql.to_owned(),
        description: described.map(|it| it.description.clone()).unwrap_or_default(),
        config: json!({"meta": meta, "docs": docs}),
        meta,
        docs,
        patch_path: described.map(|it| format!("{}://{}", definition.package, original(&it.file))),
        arguments: described.into_iter().flat_map(|it| &it.arguments).map(|it| argument(&it.value)).collect(),
        created_at,
        supported_languages: None,
    }
}

#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below uses it")]
static END: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)\{%[-+]?\s*end(?:macro|test|data_test)\s*[-+]?%\}").unwrap());
#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below uses it")]
static CALL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)\b(\w+)\s*\(").unwrap());

/// From the tag that opens a macro to the one that closes it.
fn text_of(definition: &MacroDefinition) -> &str {
    let text = &definition.span.source.text;
    let start = text[..definition.span.range.start].rfind("{%").unwrap_or(definition.span.range.start);
    let rest = &text[definition.span.range.end..];
    let end = END.find(rest).map_or(text.len(), |it| definition.span.range.end + it.end());
    &text[start..end]
}

/// Macros whose names this one seems to call, found by reading only; its own name is no call.
fn called(macros: &Macros, definition: &MacroDefinition, sql: &str) -> Vec<String> {
    let calls = CALL.captures_iter(sql).filter_map(|it| macros.find(it.get(1)?.as_str(), &definition.package));
    let ids: BTreeSet<String> = calls.filter(|it| it.name != definition.name).map(macro_id).collect();
    ids.into_iter().collect()
}

/// All documentation blocks, by id.
pub(super) fn doc_blocks(project: &ParsedProject) -> BTreeMap<String, DocBlock> {
    let entry = |it: &crate::parse::DocBlock| {
        let original = place::original(&project.file, &it.package, &it.path);
        let block = DocBlock {
            name: it.name.clone(),
            resource_type: "doc",
            package_name: it.package.clone(),
            path: original.split_once('/').map_or(original, |(_, below)| below).to_owned(),
            original_file_path: original.to_owned(),
            unique_id: it.id(),
            block_contents: it.text.clone(),
        };
        (it.id(), block)
    };
    project.docs.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{Diagnostics, SourceText};

    #[test]
    fn a_macro_is_cut_from_its_file_and_its_calls_are_seen() {
        let mut all = Macros::new();
        let text = "x {%- macro a(n) -%}{{ b(n) }}{%- endmacro %} y {% macro b(n) %}{{ n }}{% endmacro %}";
        all.add_file("shop", &SourceText::new("macros/m.sql", text), &mut Diagnostics::new());
        let find = |name: &str| all.find(name, "shop").unwrap();
        assert_eq!(text_of(find("a")), "{%- macro a(n) -%}{{ b(n) }}{%- endmacro %}");
        assert_eq!(called(&all, find("a"), text_of(find("a"))), ["macro.shop.b"]);
        assert!(called(&all, find("b"), text_of(find("b"))).is_empty());
    }
}
