//! Monitors: what is to be watched. Which kinds there are, and what each may say, is for others to know.

use crate::diagnostics::Diagnostics;
use crate::project::yaml::{Located, Yaml};
use crate::project::{Config, Json, RenderText};

/// One thing to watch.
#[derive(Debug, Clone)]
pub struct MonitorProperties {
    /// Its name.
    pub name: Located<String>,
    /// Raw, with `{{ doc() }}` unrendered.
    pub description: String,
    /// `critical` or `warn`, as written.
    pub severity: Option<Located<String>>,
    /// Every other key: one of them should be a kind.
    pub kinds: Vec<(Located<String>, Option<Vec<MonitorEntry>>)>,
    /// `tags`, `meta` and `enabled`.
    pub config: Config,
    /// The file that says so.
    pub file: String,
}

/// A key of a kind, and what is written there.
#[derive(Debug, Clone)]
pub struct MonitorEntry {
    /// The key.
    pub key: Located<String>,
    /// Its value, rendered.
    pub value: Located<Json>,
    /// Its value before that.
    pub written: Json,
    /// Of a list, the items, rendered.
    pub items: Vec<Located<Json>>,
}

const OWN: [&str; 7] = ["config", "description", "enabled", "meta", "name", "severity", "tags"];

impl MonitorProperties {
    pub(super) fn read(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Option<MonitorProperties> {
        let name = yaml.required_text("name", "a monitor", found)?;
        let mut config = Config::default();
        for key in ["enabled", "meta", "tags"] {
            if let Some(value) = yaml.get(key) {
                config.set_written(key, value.rendered(render, found), value.json(), Some(value.span()));
            }
        }
        if let Some(value) = yaml.get("config") {
            config.overlay(Config::read(value, render, found));
        }
        let mut kinds = Vec::new();
        for (key, value) in yaml.entries().into_iter().filter(|(key, _)| !OWN.contains(&key.value.as_str())) {
            let entries = value.is_mapping().then(|| entries(value, render, found));
            kinds.push((key, entries));
        }
        Some(MonitorProperties {
            description: yaml.text("description", found).map(|it| it.value).unwrap_or_default(),
            severity: yaml.text("severity", found),
            kinds,
            config,
            file: yaml.source().path.clone(),
            name,
        })
    }
}

/// The relation stays as it is written: a `ref` there is a name, and no text to be rendered.
fn entries(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Vec<MonitorEntry> {
    let mut value = |it: Yaml<'_>, is_name: bool| {
        let json = if is_name { it.json() } else { it.rendered(render, found) };
        Located::new(json, it.span())
    };
    let entry = |(key, it): (Located<String>, Yaml<'_>)| {
        let is_name = key.value == "relation";
        let items = it.items().into_iter().map(|item| value(item, is_name)).collect();
        MonitorEntry { value: value(it, is_name), written: it.json(), items, key }
    };
    yaml.entries().into_iter().filter(|(_, it)| !it.is_null()).map(entry).collect()
}
