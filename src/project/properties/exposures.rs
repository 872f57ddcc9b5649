//! Exposures: what outside the project uses its models.

use crate::diagnostics::{Code, Diagnostic, Diagnostics, closest};
use crate::project::yaml::{Located, Yaml};
use crate::project::{Config, Json, RenderText};

/// One use of the project's models by something outside.
#[derive(Debug, Clone)]
pub struct ExposureProperties {
    /// Its name.
    pub name: Located<String>,
    /// What it is.
    pub description: String,
    /// Texts such as `ref('fct_funnel')`, unrendered, with their places.
    pub depends_on: Vec<Located<String>>,
    /// Everything else that is written about it.
    pub raw: Json,
    /// Its configuration at this layer.
    pub config: Config,
    /// The file that says so.
    pub file: String,
}

const KNOWN: &[&str] = &[
    "config",
    "depends_on",
    "description",
    "enabled",
    "label",
    "maturity",
    "meta",
    "name",
    "owner",
    "tags",
    "type",
    "url",
];

/// dbt's kinds; readers of manifests refuse others.
const KINDS: [&str; 5] = ["analysis", "application", "dashboard", "ml", "notebook"];
const MATURITIES: [&str; 3] = ["high", "low", "medium"];

impl ExposureProperties {
    pub(super) fn read(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Option<ExposureProperties> {
        let name = yaml.required_text("name", "an exposure", found)?;
        yaml.report_unknown_keys(&format!("exposure `{}`", name.value), KNOWN, found);
        report_other_than(yaml, "type", &KINDS, found);
        report_other_than(yaml, "maturity", &MATURITIES, found);
        let mut config = Config::default();
        for key in ["meta", "tags"] {
            if let Some(value) = yaml.get(key) {
                config.set_written(key, value.rendered(render, found), value.json(), Some(value.span()));
            }
        }
        if let Some(value) = yaml.get("config") {
            config.overlay(Config::read(value, render, found));
        }
        Some(ExposureProperties {
            description: yaml.text("description", found).map(|it| it.value).unwrap_or_default(),
            depends_on: yaml.texts("depends_on", found),
            raw: yaml.json(),
            config,
            file: yaml.source().path.clone(),
            name,
        })
    }
}

fn report_other_than(yaml: Yaml<'_>, key: &str, known: &[&str], found: &mut Diagnostics) {
    let Some(text) = yaml.text(key, found) else { return };
    if !known.contains(&text.value.as_str()) && !text.value.contains("{{") {
        found.push(
            Diagnostic::error(Code::WrongValue, format!("there is no {key} of exposures `{}`", text.value))
                .at(text.span)
                .help_if(closest(&text.value, known.iter().copied()), |it| format!("did you mean `{it}`?"))
                .note(format!("there are {}", known.join(", "))),
        );
    }
}
