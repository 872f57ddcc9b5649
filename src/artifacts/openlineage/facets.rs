//! Facets: what OpenLineage lets be said of jobs, runs and data sets.
//! <https://openlineage.io/docs/spec/facets>

use serde_json::json;

use crate::lineage::{Edge, Kind, NodeColumns};
use crate::project::Json;

/// Who says it. A URI, as the specification asks.
pub(super) const PRODUCER: &str = concat!("arrowmill://", env!("CARGO_PKG_VERSION"));

/// A facet of a version of the specification: `1-2-0/ColumnLineageDatasetFacet`.
pub(super) fn facet(version: &str, name: &str, content: Json) -> Json {
    let mut facet = json!({
        "_producer": PRODUCER,
        "_schemaURL": format!("https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}"),
    });
    if let (Json::Object(facet), Json::Object(content)) = (&mut facet, content) {
        facet.extend(content);
    }
    facet
}

/// Where columns come from. `dataset` gives the namespace and name of what an edge begins at.
pub(super) fn column_lineage(columns: &NodeColumns, dataset: &dyn Fn(&Edge) -> Option<(String, String)>) -> Json {
    let inputs = |edges: &mut dyn Iterator<Item = &Edge>| -> Vec<Json> {
        let mut inputs: Vec<Json> = Vec::new();
        for edge in edges {
            let Some((namespace, name)) = dataset(edge) else { continue };
            let transformation = transformation(edge.kind);
            let field = edge.from.column.as_str();
            let known = inputs.iter_mut().find(|it| {
                it["namespace"] == namespace.as_str() && it["name"] == name.as_str() && it["field"] == field
            });
            match known.and_then(|it| it["transformations"].as_array_mut()) {
                Some(transformations) => transformations.push(transformation),
                None => inputs.push(json!({
                    "namespace": namespace, "name": name, "field": field, "transformations": [transformation],
                })),
            }
        }
        inputs
    };
    let fields = columns.columns.iter().filter(|it| !it.edges.is_empty());
    let fields = fields.map(|it| (it.name.clone(), json!({"inputFields": inputs(&mut it.edges.iter())})));
    let fields: serde_json::Map<String, Json> = fields.collect();
    let content = json!({"fields": fields, "dataset": inputs(&mut columns.rows.iter())});
    facet("1-2-0", "ColumnLineageDatasetFacet", content)
}

/// An edge's kind in the specification's words; ours is the description.
fn transformation(kind: Kind) -> Json {
    let subtype = match kind {
        Kind::Copy | Kind::Rename => "IDENTITY",
        // A window function's value is one of its row; the specification's WINDOW is what `over` is here.
        Kind::Transform | Kind::Window => "TRANSFORMATION",
        Kind::Aggregate => "AGGREGATION",
        Kind::Condition => "CONDITIONAL",
        Kind::Filter => "FILTER",
        Kind::Group => "GROUP_BY",
        Kind::Join => "JOIN",
        Kind::Over => "WINDOW",
        Kind::Sort => "SORT",
    };
    let way = if kind.is_direct() { "DIRECT" } else { "INDIRECT" };
    json!({"type": way, "subtype": subtype, "description": kind.as_str(), "masking": false})
}
