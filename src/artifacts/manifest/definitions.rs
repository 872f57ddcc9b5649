//! The project's macros and documentation blocks, as the manifest lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;
use serde_json::json;

use crate::jinja::{Invocation, MacroDefinition, Macros};
use crate::project::Json;

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
pub(super) fn macros(macros: &Macros, created_at: f64) -> BTreeMap<String, ManifestMacro> {
    macros.iter().map(|it| (macro_id(it), macro_entry(macros, it, created_at))).collect()
}

fn macro_entry(macros: &Macros, definition: &MacroDefinition, created_at: f64) -> ManifestMacro {
    let sql = text_of(definition);
    let path = &definition.span.source.path;
    ManifestMacro {
        name: definition.name.clone(),
        resource_type: "macro",
        package_name: definition.package.clone(),
        path: path.clone(),
        original_file_path: path.clone(),
        unique_id: macro_id(definition),
        depends_on: MacroDependsOn { macros: called(macros, definition, sql) },
        macro_sql: sql.to_owned(),
        description: String::new(),
        meta: json!({}),
        docs: json!({"show": true, "node_color": null}),
        config: json!({"meta": {}, "docs": {"show": true, "node_color": null}}),
        patch_path: None,
        arguments: Vec::new(),
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

/// All documentation blocks, by id. Which file a block is from is not kept.
pub(super) fn doc_blocks(invocation: &Invocation) -> BTreeMap<String, DocBlock> {
    let entry = |(name, text): (&String, &String)| {
        let unique_id = format!("doc.{}.{name}", invocation.project);
        let block = DocBlock {
            name: name.clone(),
            resource_type: "doc",
            package_name: invocation.project.clone(),
            path: String::new(),
            original_file_path: String::new(),
            unique_id: unique_id.clone(),
            block_contents: text.clone(),
        };
        (unique_id, block)
    };
    invocation.docs.iter().map(entry).collect()
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
        let entries = macros(&all, 0.0);
        assert_eq!(entries["macro.shop.a"].macro_sql, "{%- macro a(n) -%}{{ b(n) }}{%- endmacro %}");
        assert_eq!(entries["macro.shop.a"].depends_on.macros, ["macro.shop.b"]);
        assert!(entries["macro.shop.b"].depends_on.macros.is_empty());
    }
}
