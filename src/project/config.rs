//! Node configuration: what `config()`, properties files and `dbt_project.yml` say, and which of them wins.
//! Precedence and merging follow dbt: the nearest wins, except that tags and hooks add up and `meta` merges.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::project::yaml::Yaml;
use crate::project::{Json, RenderText};

/// One configured value and, where it was written in a file, its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The value, those of farther layers merged into it.
    pub value: Json,
    /// What the nearest layer says, before its templates are rendered: states are compared by it.
    pub unrendered: Json,
    /// Where it stands.
    pub place: Option<Span>,
}

/// The configuration of one node.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    entries: BTreeMap<String, Entry>,
}

impl Config {
    /// Takes a mapping as configuration; a `+` before a key is allowed and dropped.
    pub fn read(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Config {
        let mut config = Config::default();
        for (key, value) in yaml.entries() {
            let name = key.value.strip_prefix('+').unwrap_or(&key.value).trim().to_owned();
            let json = written(&name, value, render, found);
            config.set_written(&name, json, value.json(), Some(value.span()));
        }
        config
    }

    /// Sets a value as a layer nearer to the node than all that is there.
    pub fn set(&mut self, key: &str, value: Json, place: Option<Span>) {
        let unrendered = value.clone();
        self.set_written(key, value, unrendered, place);
    }

    /// The same for a value that came of a template: `unrendered` is its text.
    pub fn set_written(&mut self, key: &str, value: Json, unrendered: Json, place: Option<Span>) {
        let key = canonical(key).to_owned();
        let old = self.entries.remove(&key);
        let value = match key.as_str() {
            "tags" => Json::Array(add_up(old, as_list(value))),
            "pre_hook" | "post_hook" | "packages" => {
                let mut all = old.map(|it| as_list(it.value)).unwrap_or_default();
                all.extend(as_list(value));
                Json::Array(all)
            }
            "column_types" | "contract" | "docs" | "freshness" | "meta" | "quoting" | "snapshot_meta_column_names" => {
                merged(old.map(|it| it.value), value)
            }
            "grants" => granted(old.map(|it| it.value), value),
            _ => value,
        };
        self.entries.insert(key, Entry { value, unrendered, place });
    }

    /// Lays a nearer configuration over this one.
    pub fn overlay(&mut self, nearer: Config) {
        for (key, entry) in nearer.entries {
            self.set_written(&key, entry.value, entry.unrendered, entry.place);
        }
    }

    /// The value of a key, `None` where it is absent or null.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.entries.get(canonical(key)).map(|it| &it.value).filter(|it| !it.is_null())
    }

    /// The value of a key that dbt does not know: dbt's own place for such a key is `meta`.
    pub fn setting(&self, key: &str) -> Option<&Json> {
        self.get(key).or_else(|| self.get("meta")?.get(key).filter(|it| !it.is_null()))
    }

    /// Where such a value is written.
    pub fn place_of_setting(&self, key: &str) -> Option<Span> {
        self.place(if self.get(key).is_some() { key } else { "meta" })
    }

    /// Where the value of a key is written.
    pub fn place(&self, key: &str) -> Option<Span> {
        self.entries.get(canonical(key)).and_then(|it| it.place.clone())
    }

    /// The text of a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Json::as_str)
    }

    /// A boolean, also where it is written as text.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Json::Bool(value) => Some(*value),
            Json::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the node takes part at all. On unless switched off.
    pub fn enabled(&self) -> bool {
        self.flag("enabled").unwrap_or(true)
    }

    /// All tags, in the order of their giving.
    pub fn tags(&self) -> Vec<&str> {
        self.get("tags").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect()
    }

    /// All entries by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), &entry.value))
    }

    /// What the nearest layer says of each key, before rendering.
    pub fn unrendered(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), &entry.unrendered))
    }

    /// Reports values of the wrong kind where the kind is fixed.
    pub fn report_wrong_values(&self, of: &str, found: &mut Diagnostics) {
        for (key, entry) in &self.entries {
            let expected = match key.as_str() {
                "enabled" | "full_refresh" | "store_failures"
                    if self.get(key).is_some() && self.flag(key).is_none() =>
                {
                    "true or false"
                }
                "materialized" | "schema" | "alias" | "database" | "severity" | "where" | "warn_if" | "error_if"
                    if !(entry.value.is_string() || entry.value.is_null()) =>
                {
                    "a string"
                }
                "limit" if !(entry.value.is_u64() || entry.value.is_null()) => "a whole number",
                "severity" if !is_severity(&entry.value) => "`error` or `warn`",
                _ => continue,
            };
            found.push(wrong_value(key, of, expected, &entry.value).at_if(entry.place.clone()));
        }
        for key in ["keep_versions", "quarantine"] {
            let Some(value) = self.setting(key) else { continue };
            let (is_right, expected) = match key {
                "keep_versions" => (value.is_u64(), "a whole number"),
                _ => (value.is_boolean(), "true or false"),
            };
            if !is_right {
                found.push(wrong_value(key, of, expected, value).at_if(self.place_of_setting(key)));
            }
        }
    }
}

fn wrong_value(key: &str, of: &str, expected: &str, value: &Json) -> Diagnostic {
    Diagnostic::error(Code::WrongValue, format!("`{key}` of {of} must be {expected}, but is `{value}`"))
}

fn is_severity(value: &Json) -> bool {
    value.as_str().is_none_or(|text| text.eq_ignore_ascii_case("error") || text.eq_ignore_ascii_case("warn"))
}

fn canonical(key: &str) -> &str {
    match key {
        "pre-hook" => "pre_hook",
        "post-hook" => "post_hook",
        other => other,
    }
}

/// A mapping over a mapping; anything else replaces what was there.
fn merged(old: Option<Json>, new: Json) -> Json {
    match (old, new) {
        (Some(Json::Object(mut old)), Json::Object(new)) => {
            old.extend(new);
            Json::Object(old)
        }
        (_, new) => new,
    }
}

/// `+select: [a]` adds to who may select, `select: [a]` replaces it.
fn granted(old: Option<Json>, new: Json) -> Json {
    let Json::Object(new) = new else { return new };
    let mut all = match old {
        Some(Json::Object(old)) => old,
        _ => serde_json::Map::new(),
    };
    for (key, value) in new {
        match key.strip_prefix('+') {
            Some(name) => {
                let mut to = as_list(all.remove(name).unwrap_or(Json::Null));
                to.extend(as_list(value));
                all.insert(name.to_owned(), Json::Array(to));
            }
            None => {
                all.insert(key, Json::Array(as_list(value)));
            }
        }
    }
    Json::Object(all)
}

fn as_list(value: Json) -> Vec<Json> {
    match value {
        Json::Array(items) => items,
        Json::Null => Vec::new(),
        one => vec![one],
    }
}

fn add_up(old: Option<Entry>, new: Vec<Json>) -> Vec<Json> {
    let mut all = old.map(|it| as_list(it.value)).unwrap_or_default();
    for item in new {
        if !all.contains(&item) {
            all.push(item);
        }
    }
    all
}

/// One resource section of `dbt_project.yml`: configuration by package and folder.
#[derive(Debug, Clone, Default)]
pub struct ConfigTree {
    here: Config,
    below: BTreeMap<String, ConfigTree>,
}

impl ConfigTree {
    /// Reads a section. As in dbt, a key is configuration when it starts with `+` or its value is not a mapping.
    pub fn read(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> ConfigTree {
        let mut tree = ConfigTree::default();
        for (key, value) in yaml.entries() {
            if let Some(name) = key.value.strip_prefix('+') {
                let json = written(name.trim(), value, render, found);
                tree.here.set_written(name.trim(), json, value.json(), Some(value.span()));
            } else if value.is_mapping() {
                tree.below.insert(key.value, ConfigTree::read(value, render, found));
            } else if !value.is_null() {
                let json = written(&key.value, value, render, found);
                tree.here.set_written(&key.value, json, value.json(), Some(value.span()));
            }
        }
        tree
    }

    /// Every path that configures something, with a place of what it says; the section's own level left out.
    pub fn paths(&self) -> Vec<(Vec<String>, Option<Span>)> {
        let mut paths = Vec::new();
        for (name, tree) in &self.below {
            if let Some(entry) = tree.here.entries.values().next() {
                paths.push((vec![name.clone()], entry.place.clone()));
            }
            let below = tree.paths().into_iter();
            paths.extend(below.map(|(path, place)| (std::iter::once(name.clone()).chain(path).collect(), place)));
        }
        paths
    }

    /// What holds for a node of this fully qualified name (package, folders, name), outermost first.
    pub fn for_node(&self, fqn: &[String]) -> Config {
        let mut config = self.here.clone();
        let mut tree = self;
        for part in fqn {
            let Some(next) = tree.below.get(part) else { break };
            config.overlay(next.here.clone());
            tree = next;
        }
        config
    }
}

/// A value as configuration. Hooks are SQL: they are rendered when they run, with the node's own context.
fn written(name: &str, value: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Json {
    // These are SQL: they are rendered when they run, with the node's own context.
    let keep_raw = matches!(canonical(name), "pre_hook" | "post_hook" | "loaded_at_query");
    if keep_raw { value.json() } else { value.rendered(render, found) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::SourceText;
    use crate::project::YamlFile;

    struct Plain;
    impl RenderText for Plain {
        fn render(&self, text: &str) -> Result<Json, Diagnostic> {
            Ok(Json::from(text))
        }
    }

    #[test]
    fn the_nearest_wins_and_tags_add_up() {
        let text = "+materialized: view\n+tags: a\nshop:\n  marts:\n    +materialized: table\n    +tags: [b]\n";
        let mut found = Diagnostics::new();
        let file = YamlFile::parse(&SourceText::new("p.yml", text), &mut found).unwrap();
        let tree = ConfigTree::read(file.root(), &Plain, &mut found);
        let fqn = ["shop", "marts", "fct"].map(String::from);
        let config = tree.for_node(&fqn);
        assert_eq!(config.text("materialized"), Some("table"));
        assert_eq!(config.tags(), ["a", "b"]);
        assert_eq!(tree.for_node(&["shop".into(), "x".into()]).text("materialized"), Some("view"));
    }
}
