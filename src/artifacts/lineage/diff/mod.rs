//! What a change of the project touches: two `lineage.json`, the one before and the one of now, compared column by column.
//! A column has changed when it is computed otherwise, not when its text is written otherwise; what is made of it is
//! touched.

mod markdown;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::project::Json;

/// What changed, and what that touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineageDiff {
    /// By the name of the node; its id would say no more to people.
    changed: Vec<Change>,
    /// Columns whose values may be others, because they are made of what changed: with the first reason found.
    touched: BTreeMap<Column, (Column, String)>,
    /// Nodes whose rows may be others, because of what they read.
    rows: BTreeSet<String>,
    /// Exposures that read something changed or touched.
    exposures: BTreeSet<String>,
    names: BTreeMap<String, String>,
}

/// A column, by its node's id and its name.
type Column = (String, String);

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    node: String,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    NewNode,
    GoneNode,
    /// With what it comes from.
    NewColumn(String, Vec<String>),
    GoneColumn(String),
    /// Its type before and now.
    Retyped(String, String, String),
    /// It is computed otherwise; with the edges that went and those that came.
    Recomputed(String, Vec<String>, Vec<String>),
    /// Other rows, or in another order; with the edges that went and those that came.
    Rows(Vec<String>, Vec<String>),
}

/// Compares the lineage of an earlier state with that of now.
///
/// # Errors
/// What `before` lacks, in words for people.
pub fn lineage_diff(before: &Json, now: &Json) -> Result<LineageDiff, String> {
    let (old, new) = (nodes(before), nodes(now));
    if old.values().flat_map(|it| columns(it).into_values()).all(|it| it.get("origins").is_none()) && !old.is_empty() {
        return Err("its lineage.json has no lineage of columns".to_owned());
    }
    let mut diff = LineageDiff::default();
    for (id, node) in old.iter().chain(&new) {
        diff.names.insert(id.clone(), text(node, "name").to_owned());
    }
    let mut begun: BTreeSet<Column> = BTreeSet::new();
    let mut other_rows: BTreeSet<String> = BTreeSet::new();
    for (id, node) in &new {
        if text(node, "type") == "exposure" {
            continue;
        }
        let Some(earlier) = old.get(id) else {
            diff.changed.push(Change { node: id.clone(), what: What::NewNode });
            continue;
        };
        let found = changes(earlier, node, &diff.names);
        for what in found {
            match &what {
                What::Retyped(column, ..) | What::Recomputed(column, ..) | What::GoneColumn(column) => {
                    begun.insert((id.clone(), column.to_lowercase()));
                }
                What::Rows(..) => drop(other_rows.insert(id.clone())),
                What::NewNode | What::GoneNode | What::NewColumn(..) => {}
            }
            diff.changed.push(Change { node: id.clone(), what });
        }
    }
    for (id, node) in &old {
        if !new.contains_key(id) && text(node, "type") != "exposure" {
            diff.changed.push(Change { node: id.clone(), what: What::GoneNode });
            begun.extend(columns(node).into_keys().map(|it| (id.clone(), it.to_lowercase())));
            other_rows.insert(id.clone());
        }
    }
    diff.follow(&new, begun, other_rows);
    // What is new has nothing that could have become another.
    diff.touched.retain(|(node, _), _| old.contains_key(node));
    diff.rows.retain(|node| old.contains_key(node));
    diff.changed.sort();
    Ok(diff)
}

/// What changed of a node that there was.
fn changes(before: &Json, now: &Json, names: &BTreeMap<String, String>) -> Vec<What> {
    let (old, new) = (columns(before), columns(now));
    let mut found = Vec::new();
    for (name, column) in &new {
        let Some(earlier) = find(&old, name) else {
            found.push(What::NewColumn(name.clone(), origins(&column["origins"], names)));
            continue;
        };
        let (was, is) = (text(earlier, "type"), text(column, "type"));
        if was != is && !was.is_empty() && !is.is_empty() {
            found.push(What::Retyped(name.clone(), was.to_owned(), is.to_owned()));
        }
        if earlier["digest"] != column["digest"] {
            let (was, is) = (origins(&earlier["origins"], names), origins(&column["origins"], names));
            found.push(What::Recomputed(name.clone(), without(&was, &is), without(&is, &was)));
        }
    }
    let gone = old.keys().filter(|it| find(&new, it).is_none());
    found.extend(gone.map(|it| What::GoneColumn(it.clone())));
    if before["rows_digest"] != now["rows_digest"] {
        let (was, is) = (origins(&before["rows"], names), origins(&now["rows"], names));
        found.push(What::Rows(without(&was, &is), without(&is, &was)));
    }
    found
}

impl LineageDiff {
    /// Whether nothing is computed otherwise.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// Everything that is made of what changed. New columns and nodes begin nothing: who reads them has changed too.
    fn follow(&mut self, now: &BTreeMap<String, &Json>, begun: BTreeSet<Column>, other_rows: BTreeSet<String>) {
        let (mut of_column, mut of_node) = (BTreeMap::<Column, Vec<_>>::new(), BTreeMap::<String, Vec<_>>::new());
        for (id, node) in now {
            let read = |list: &Json| -> Vec<(Column, String)> {
                let read = |it: &Json| {
                    let column = (it["node"].as_str()?.to_owned(), text(it, "column").to_lowercase());
                    Some((column, text(it, "kind").to_owned()))
                };
                list.as_array().into_iter().flatten().filter_map(read).collect()
            };
            for (name, column) in columns(node) {
                for (from, kind) in read(&column["origins"]) {
                    of_column.entry(from).or_default().push((id.clone(), Some(name.clone()), kind));
                }
            }
            for (from, kind) in read(&node["rows"]) {
                of_column.entry(from).or_default().push((id.clone(), None, kind));
            }
        }
        let mut open: Vec<Column> = begun.iter().cloned().collect();
        let mut seen = begun;
        let mut rows: Vec<String> = other_rows.iter().cloned().collect();
        while let Some(from) = open.pop() {
            for (node, column, kind) in of_column.get(&from).into_iter().flatten() {
                let Some(column) = column else {
                    if !other_rows.contains(node) && self.rows.insert(node.clone()) {
                        rows.push(node.clone());
                    }
                    continue;
                };
                let to = (node.clone(), column.to_lowercase());
                if seen.insert(to.clone()) {
                    self.touched.insert((node.clone(), column.clone()), (from.clone(), kind.clone()));
                    open.push(to);
                }
            }
        }
        // Other rows make other rows of everything that reads them.
        for (id, node) in now {
            let reads = columns(node).into_values().map(|it| &it["origins"]).chain([&node["rows"]]);
            let reads = reads.filter_map(Json::as_array).flatten().filter_map(|it| it["node"].as_str());
            for from in reads.collect::<BTreeSet<_>>() {
                of_node.entry(from.to_owned()).or_default().push(id.clone());
            }
        }
        while let Some(from) = rows.pop() {
            for node in of_node.get(&from).into_iter().flatten() {
                if !other_rows.contains(node) && self.rows.insert(node.clone()) {
                    rows.push(node.clone());
                }
            }
        }
    }

    /// Adds the exposures that read what changed or is touched; `edges` are those between nodes.
    #[must_use]
    pub fn with_exposures(mut self, now: &Json) -> LineageDiff {
        let changed = self.changed.iter().map(|it| it.node.as_str());
        let touched = self.touched.keys().map(|(node, _)| node.as_str()).chain(self.rows.iter().map(String::as_str));
        let affected: BTreeSet<&str> = changed.chain(touched).collect();
        let exposures: BTreeSet<String> = now["edges"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|it| affected.contains(text(it, "from")) && text(it, "to").starts_with("exposure."))
            .map(|it| text(it, "to").to_owned())
            .collect();
        self.exposures = exposures;
        self
    }

    /// As JSON, with the ids of nodes.
    pub fn to_json(&self) -> Json {
        let change = |it: &Change| {
            let (what, column, more) = match &it.what {
                What::NewNode => ("new", None, json!({})),
                What::GoneNode => ("removed", None, json!({})),
                What::NewColumn(column, origins) => ("new", Some(column), json!({"origins": origins})),
                What::GoneColumn(column) => ("removed", Some(column), json!({})),
                What::Retyped(column, was, is) => ("type", Some(column), json!({"before": was, "now": is})),
                What::Recomputed(column, gone, come) => ("value", Some(column), json!({"before": gone, "now": come})),
                What::Rows(gone, come) => ("rows", None, json!({"before": gone, "now": come})),
            };
            json!({"node": it.node, "column": column, "what": what, "details": more})
        };
        let touched = |((node, column), (from, kind)): (&Column, &(Column, String))| json!({"node": node, "column": column, "by": {"node": from.0, "column": from.1, "kind": kind}});
        json!({
            "changed": self.changed.iter().map(change).collect::<Vec<_>>(),
            "touched": self.touched.iter().map(touched).collect::<Vec<_>>(),
            "rows": self.rows,
            "exposures": self.exposures,
        })
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }
}

fn nodes(lineage: &Json) -> BTreeMap<String, &Json> {
    let nodes = lineage["nodes"].as_array().into_iter().flatten();
    nodes.map(|it| (text(it, "id").to_owned(), it)).collect()
}

fn columns(node: &Json) -> BTreeMap<String, &Json> {
    let columns = node["columns"].as_array().into_iter().flatten();
    columns.map(|it| (text(it, "name").to_owned(), it)).collect()
}

fn find<'a>(columns: &BTreeMap<String, &'a Json>, name: &str) -> Option<&'a Json> {
    columns
        .get(name)
        .or_else(|| columns.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, it)| it))
        .copied()
}

fn text<'a>(object: &'a Json, key: &str) -> &'a str {
    object[key].as_str().unwrap_or_default()
}

/// `aggregate stg_orders.amount`, for each origin.
fn origins(list: &Json, names: &BTreeMap<String, String>) -> Vec<String> {
    let origin = |it: &Json| {
        let node =
            it["node"].as_str().map_or_else(|| text(it, "relation"), |id| names.get(id).map_or(id, String::as_str));
        format!("{} {node}.{}", text(it, "kind"), text(it, "column"))
    };
    list.as_array().into_iter().flatten().map(origin).collect()
}

fn without(all: &[String], others: &[String]) -> Vec<String> {
    all.iter().filter(|it| !others.contains(it)).cloned().collect()
}
