//! An exposure as the manifest lists it.

use serde::Serialize;

use crate::artifacts::manifest::node::{meta, source_texts};
use crate::artifacts::manifest::{Context, DependsOn, RefText, config, place};
use crate::parse::{ExposureFacts, ParsedNode};
use crate::project::Json;

/// A use outside of the project.
#[derive(Debug, Clone, Serialize)]
pub struct ManifestExposure {
    name: String,
    resource_type: &'static str,
    package_name: String,
    path: String,
    original_file_path: String,
    unique_id: String,
    fqn: Vec<String>,
    /// `dashboard`, `notebook`, `analysis`, `ml` or `application`.
    #[serde(rename = "type")]
    pub kind: String,
    owner: Owner,
    description: String,
    /// Its name for people.
    pub label: Option<String>,
    maturity: Option<String>,
    meta: Json,
    tags: Vec<String>,
    config: serde_json::Map<String, Json>,
    unrendered_config: serde_json::Map<String, Json>,
    /// Where it is.
    pub url: Option<String>,
    depends_on: DependsOn,
    refs: Vec<RefText>,
    sources: Vec<[String; 2]>,
    metrics: Vec<Json>,
    created_at: f64,
}

#[derive(Debug, Clone, Serialize)]
struct Owner {
    email: Option<Json>,
    name: Option<String>,
}

impl ManifestExposure {
    /// Who answers for it, as one text.
    pub fn owner(&self) -> Option<String> {
        let email = self.owner.email.as_ref().and_then(Json::as_str);
        match (self.owner.name.as_deref(), email) {
            (Some(name), Some(email)) => Some(format!("{name} <{email}>")),
            (one, other) => one.or(other).map(str::to_owned),
        }
    }
}

/// dbt's kinds; readers of manifests refuse others.
const KINDS: [&str; 5] = ["dashboard", "notebook", "analysis", "ml", "application"];

pub(super) fn exposure(context: &Context<'_>, parsed: &ParsedNode, exposure: &ExposureFacts) -> ManifestExposure {
    let facts = &parsed.facts;
    let text = |key: &str| exposure.raw.get(key).and_then(Json::as_str);
    let owner = exposure.raw.get("owner");
    let of_owner = |key: &str| owner.and_then(|it| it.get(key)).filter(|it| !it.is_null());
    let tags: Vec<String> = facts.config.tags().into_iter().map(str::to_owned).collect();
    let meta = meta(facts);
    let config = config::full(facts);
    ManifestExposure {
        name: facts.name.clone(),
        resource_type: "exposure",
        package_name: facts.package.clone(),
        path: place::below_folder(facts),
        original_file_path: place::original(&context.project.file, &facts.package, &facts.path).to_owned(),
        unique_id: facts.id.to_string(),
        fqn: facts.fqn.clone(),
        kind: text("type").filter(|it| KINDS.contains(it)).unwrap_or("application").to_owned(),
        owner: Owner {
            email: of_owner("email").cloned(),
            name: of_owner("name").and_then(Json::as_str).map(str::to_owned),
        },
        description: facts.description.clone(),
        label: text("label").map(str::to_owned),
        maturity: text("maturity").filter(|it| ["low", "medium", "high"].contains(it)).map(str::to_owned),
        meta,
        tags,
        config,
        unrendered_config: config::unrendered(facts),
        url: text("url").map(str::to_owned),
        depends_on: context.depends_on(parsed),
        refs: parsed.refs.iter().map(|(call, _)| RefText::from(call)).collect(),
        sources: source_texts(parsed),
        metrics: Vec::new(),
        created_at: context.created_at(),
    }
}
