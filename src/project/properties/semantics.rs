//! Semantic models, metrics, saved queries and groups: read by other tools, and kept as they are written.

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::project::yaml::{Located, Yaml};
use crate::project::{Config, Json, RenderText};

/// One entry that other tools work with.
#[derive(Debug, Clone)]
pub struct SemanticProperties {
    /// Its name.
    pub name: Located<String>,
    /// Raw, with `{{ doc() }}` unrendered.
    pub description: String,
    /// For semantic models: what it is about, as `ref('x')`.
    pub model: Option<Located<String>>,
    /// Everything that is written, filters unrendered.
    pub raw: Json,
    /// Its configuration at this layer.
    pub config: Config,
    /// The file that says so.
    pub file: String,
}

/// Keys whose text other tools render, with names that mean nothing here.
const NOT_RENDERED: [&str; 4] = ["description", "filter", "where", "expr"];

impl SemanticProperties {
    pub(super) fn read(
        yaml: Yaml<'_>,
        what: &str,
        required: &[&str],
        render: &dyn RenderText,
        found: &mut Diagnostics,
    ) -> Option<SemanticProperties> {
        let name = yaml.required_text("name", what, found)?;
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let starts_well = name.value.starts_with(|c: char| c.is_ascii_lowercase());
        if what != "a group" && !(starts_well && name.value.chars().all(good) && !name.value.contains("__")) {
            found.push(
                Diagnostic::error(Code::WrongValue, format!("`{}` can't be the name of {what}", name.value))
                    .at(name.span.clone())
                    .help("use small letters, digits and single underscores, beginning with a letter"),
            );
        }
        for key in required.iter().filter(|it| yaml.get(it).is_none()) {
            found.push(
                Diagnostic::error(Code::MissingKey, format!("{} has no `{key}`", called(what, &name.value)))
                    .at(name.span.clone())
                    .help(format!("add `{key}: …`")),
            );
        }
        let mut config = Config::default();
        for key in ["meta", "tags", "group"] {
            if let Some(value) = yaml.get(key) {
                config.set_written(key, value.rendered(render, found), value.json(), Some(value.span()));
            }
        }
        if let Some(value) = yaml.get("config") {
            config.overlay(Config::read(value, render, found));
        }
        Some(SemanticProperties {
            description: yaml.text("description", found).map(|it| it.value).unwrap_or_default(),
            model: yaml.text("model", found),
            raw: partly_rendered(yaml, render, found),
            config,
            file: yaml.source().path.clone(),
            name,
        })
    }
}

/// `metric `x`` of `a metric` and `x`.
fn called(what: &str, name: &str) -> String {
    format!("{} `{name}`", what.trim_start_matches("a "))
}

fn partly_rendered(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Json {
    if yaml.is_mapping() {
        let entry = |(key, value): (Located<String>, Yaml<'_>)| {
            let keeps = NOT_RENDERED.contains(&key.value.as_str());
            let value = if keeps { value.json() } else { partly_rendered(value, render, found) };
            (key.value, value)
        };
        return Json::Object(yaml.entries().into_iter().map(entry).collect());
    }
    if yaml.is_list() {
        return Json::Array(yaml.items().into_iter().map(|it| partly_rendered(it, render, found)).collect());
    }
    yaml.rendered(render, found)
}
