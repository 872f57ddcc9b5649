//! Exposures: what outside the project uses its models.

use crate::diagnostics::Diagnostics;
use crate::project::Json;
use crate::project::yaml::{Located, Yaml};

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
    /// The file that says so.
    pub file: String,
}

impl ExposureProperties {
    pub(super) fn read(yaml: Yaml<'_>, found: &mut Diagnostics) -> Option<ExposureProperties> {
        let name = yaml.required_text("name", "an exposure", found)?;
        Some(ExposureProperties {
            description: yaml.text("description", found).map(|it| it.value).unwrap_or_default(),
            depends_on: yaml.texts("depends_on", found),
            raw: yaml.json(),
            file: yaml.source().path.clone(),
            name,
        })
    }
}
