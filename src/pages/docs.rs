//! The documentation of a project as one HTML file: its lineage drawn, every node described, searchable.
//! All data is in the page; the style and the script beside this file are put into it.

use std::collections::BTreeMap;

use serde_json::json;

use crate::artifacts::{CatalogEntry, Lineage, LineageColumn, LineageNode, LineageOrigin, LineageTest, Manifest};
use crate::pages::layout;
use crate::pages::markdown;
use crate::project::Json;

const PAGE: &str = include_str!("docs.html");
const STYLE: &str = include_str!("docs.css");
const SCRIPT: &str = include_str!("docs.js");

/// What the page tells of.
#[derive(Debug, Clone, Copy)]
pub struct Docs<'a> {
    /// The graph, with descriptions and columns.
    pub lineage: &'a Lineage,
    /// Texts, compiled SQL and exposures.
    pub manifest: &'a Manifest,
    /// Rows and bytes of what exists; may be empty.
    pub catalog: &'a [CatalogEntry],
}

/// The page.
pub fn docs_page(docs: &Docs<'_>) -> String {
    // The data comes last: user's texts must not be searched for places to fill.
    PAGE.replace("{{title}}", &escaped(&docs.lineage.project))
        .replace("{{style}}", STYLE)
        .replace("{{script}}", SCRIPT)
        .replacen("{{data}}", &embedded(&data(docs)), 1)
}

/// Height of a box, in pixels: two lines of text.
const BOX_HEIGHT: f64 = 46.0;

fn data(docs: &Docs<'_>) -> Json {
    let lineage = docs.lineage;
    let numbers: Numbers<'_> = lineage.nodes.iter().enumerate().map(|(number, it)| (it.id.as_str(), number)).collect();
    let ends =
        |it: &crate::artifacts::LineageEdge| Some((*numbers.get(it.from.as_str())?, *numbers.get(it.to.as_str())?));
    let edges: Vec<(usize, usize)> = lineage.edges.iter().filter_map(ends).collect();
    let widths: Vec<f64> = lineage.nodes.iter().map(box_width).collect();
    let drawing = layout::draw(&widths, BOX_HEIGHT, &edges);
    let sizes: BTreeMap<&str, &CatalogEntry> = docs.catalog.iter().map(|it| (it.id.as_str(), it)).collect();
    let nodes: Vec<Json> = lineage
        .nodes
        .iter()
        .zip(&drawing.places)
        .map(|(it, place)| node(docs, it, *place, sizes.get(it.id.as_str()).copied(), &numbers))
        .collect();
    let edges: Vec<Json> = edges
        .iter()
        .zip(&drawing.passes)
        .map(|((from, to), passes)| {
            let passes: Vec<_> = passes.iter().map(|(column, y)| json!([column, pixels(*y)])).collect();
            json!([from, to, passes])
        })
        .collect();
    let columns: Vec<_> = drawing.columns.iter().map(|(left, width)| [pixels(*left), pixels(*width)]).collect();
    let overview = docs.manifest.docs.values().find(|it| it.name == "__overview__");
    json!({
        "project": lineage.project,
        "generator": lineage.generator,
        "generatedAt": docs.manifest.metadata.common.generated_at,
        "overview": overview.map(|it| markdown::to_html(&it.block_contents)),
        "height": pixels(BOX_HEIGHT),
        "columns": columns,
        "nodes": nodes,
        "edges": edges,
    })
}

/// The place of each node in the page, by its id.
type Numbers<'a> = BTreeMap<&'a str, usize>;

fn node(
    docs: &Docs<'_>,
    node: &LineageNode,
    place: (usize, f64),
    size: Option<&CatalogEntry>,
    numbers: &Numbers<'_>,
) -> Json {
    let in_manifest = docs.manifest.nodes.get(&node.id);
    let exposure = docs.manifest.exposures.get(&node.id);
    let raw = in_manifest.map(|it| it.raw_code.as_str()).filter(|it| !it.is_empty());
    json!({
        "id": node.id,
        "name": node.name,
        "type": node.resource_type,
        "package": (node.package != docs.lineage.project).then_some(&node.package),
        "layer": node.layer,
        "materialized": node.materialized,
        "path": node.path,
        "relation": node.relation,
        "description": markdown::to_html(&node.description),
        "tags": node.tags,
        "columns": node.columns.iter().map(|it| column(it, numbers)).collect::<Vec<_>>(),
        "decided": origins(&node.rows, numbers),
        "tests": labels(&node.tests),
        "raw": raw,
        "compiled": in_manifest.and_then(|it| it.compiled_code()),
        "rows": size.and_then(|it| it.rows),
        "bytes": size.and_then(|it| it.bytes),
        "label": exposure.and_then(|it| it.label.as_ref()),
        "kind": exposure.map(|it| &it.kind),
        "owner": exposure.and_then(|it| it.owner()),
        "url": exposure.and_then(|it| it.url.as_ref()).filter(|it| it.starts_with("https://") || it.starts_with("http://")),
        "column": place.0,
        "y": pixels(place.1),
    })
}

fn column(column: &LineageColumn, numbers: &Numbers<'_>) -> Json {
    json!({
        "origins": origins(&column.origins, numbers),
        "inherited": column.description_of.as_ref().map(|it| json!([numbers.get(it.node.as_str()), it.column])),
        "carries": column.carries,
        "made": column.made,
        "name": column.name,
        "type": column.data_type,
        "description": markdown::to_html(&column.description),
        "tests": labels(&column.tests),
    })
}

/// Each with the number of its node in the page.
fn origins(origins: &[LineageOrigin], numbers: &Numbers<'_>) -> Vec<Json> {
    let number = |it: &LineageOrigin| numbers.get(it.node.as_deref()?).copied();
    let origin = |it: &LineageOrigin| json!([it.kind, number(it), it.relation, it.column]);
    origins.iter().map(origin).collect()
}

fn labels(tests: &[LineageTest]) -> Vec<&str> {
    tests.iter().map(|it| it.label.as_str()).collect()
}

/// Wide enough for both lines, whatever the font; the page shortens very long names.
fn box_width(node: &LineageNode) -> f64 {
    let letters = |text: &str| f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
    let under = node.materialized.as_deref().map_or(0.0, letters) + node.layer.as_deref().map_or(0.0, letters) + 3.0;
    (letters(&node.name) * 7.7).max(under * 6.4).clamp(80.0, 258.0) + 32.0
}

/// Tenths of a pixel are nobody's business, and cost bytes.
#[expect(clippy::cast_possible_truncation, reason = "drawings are far smaller than 2^63 pixels")]
fn pixels(length: f64) -> i64 {
    length.round() as i64
}

/// JSON that can stand inside of a `<script>` element: nothing in it can end the element or open a comment.
fn embedded(data: &Json) -> String {
    let mut out = String::new();
    for c in data.to_string().chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts;

    fn page_of_the_small_project() -> String {
        let (project, graph) = artifacts::tests::project();
        let manifest = artifacts::manifest(&project, &graph, &BTreeMap::new());
        let lineage = artifacts::lineage(&project, &graph, &[], &crate::lineage::Columns::default());
        docs_page(&Docs { lineage: &lineage, manifest: &manifest, catalog: &[] })
    }

    #[test]
    fn the_page_holds_its_data_and_asks_for_nothing_else() {
        let page = page_of_the_small_project();
        let start = page.find("id=\"data\">").unwrap() + "id=\"data\">".len();
        let end = start + page[start..].find("</script>").unwrap();
        let data: Json = serde_json::from_str(&page[start..end]).unwrap();
        assert_eq!(data["project"], "shop");
        assert_eq!(data["nodes"][1]["description"], "<p>One row per <em>order</em>.</p>");
        assert_eq!(data["edges"][0], json!([1, 0, []]));
        for place in ["{{title}}", "{{style}}", "{{script}}", "{{data}}"] {
            assert!(!page.contains(place), "{place} was not filled");
        }
        let shell = format!("{}{}", &page[..start], &page[end..]);
        let shell = shell.replace("http://www.w3.org/2000/svg", "").replace("url(#", "").replace("'https://'", "");
        for outside in ["src=", "@import", "url(", "<link", "https://", "http://"] {
            assert!(!shell.contains(outside), "{outside}");
        }
    }

    #[test]
    fn data_cannot_end_its_script() {
        let text = embedded(&json!({"a": "</script><!-- &\u{2028}"}));
        assert_eq!(text, r#"{"a":"\u003c/script\u003e\u003c!-- \u0026\u2028"}"#);
        assert_eq!(serde_json::from_str::<Json>(&text).unwrap()["a"], "</script><!-- &\u{2028}");
    }
}
