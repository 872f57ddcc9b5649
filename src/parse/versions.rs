//! Versions of models: which file is which version, and what its description is.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::parse::facts::ModelFacts;
use crate::project::{ColumnProperties, Config, NodeProperties, TestProperties, Version, VersionProperties};

/// What properties files say about one file: an entry and, of a versioned model, the version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patch<'p> {
    pub(super) node: &'p NodeProperties,
    pub(super) version: Option<&'p VersionProperties>,
}

impl<'p> Patch<'p> {
    /// The node's name, without version.
    pub(super) fn name(&self) -> &'p str {
        &self.node.name.value
    }

    /// Raw.
    pub(super) fn description(&self) -> &'p str {
        self.version.and_then(|it| it.description.as_deref()).unwrap_or(&self.node.description)
    }

    /// Configuration at this layer.
    pub(super) fn config(&self) -> Config {
        let mut config = self.node.config.clone();
        if let Some(version) = self.version {
            config.overlay(version.config.clone());
        }
        config
    }

    /// The columns: a version takes those of the model that it says, and has its own.
    pub(super) fn columns(&self) -> Vec<&'p ColumnProperties> {
        let Some(version) = self.version else { return self.node.columns.iter().collect() };
        let own = |name: &str| version.columns.iter().any(|it| it.name.value == name);
        let takes = |name: &str| match &version.taken {
            Some(taken) => taken.takes(name),
            None => true,
        };
        let inherited = self.node.columns.iter().filter(|it| takes(&it.name.value) && !own(&it.name.value));
        inherited.chain(&version.columns).collect()
    }

    /// The tests, those of columns apart.
    pub(super) fn tests(&self) -> &'p [TestProperties] {
        self.version.and_then(|it| it.tests.as_deref()).unwrap_or(&self.node.tests)
    }

    /// What only models have.
    pub(super) fn model_facts(&self) -> ModelFacts {
        let constraints = self.version.map(|it| &it.constraints).filter(|it| !it.is_empty());
        let date = self.version.map_or(&self.node.deprecation_date, |it| &it.deprecation_date);
        ModelFacts {
            version: self.version.map(|it| it.version.value.clone()),
            latest_version: self.version.and_then(|_| latest(self.node)),
            constraints: constraints.unwrap_or(&self.node.constraints).clone(),
            deprecation_date: date.as_ref().map(|it| as_moment(&it.value)),
            time_spine: self.node.time_spine.clone(),
        }
    }
}

/// The version that a `ref` without one means: the one that is said, else the highest.
pub(super) fn latest(node: &NodeProperties) -> Option<Version> {
    let highest = || node.versions.iter().map(|it| &it.version.value).max_by(|a, b| a.compare(b)).cloned();
    node.latest_version.as_ref().map(|it| it.value.clone()).or_else(highest)
}

/// A day as dbt writes it in manifests: `2030-01-01T00:00:00+00:00`.
fn as_moment(text: &str) -> String {
    let text = text.trim();
    match chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) => format!("{day}T00:00:00+00:00"),
        Err(_) => text.to_owned(),
    }
}

/// Entries by the file that they are about, without ending. `is_there` says which files there are.
pub(super) fn by_file<'p>(
    entries: impl Iterator<Item = &'p NodeProperties>,
    is_there: &dyn Fn(&str) -> bool,
    found: &mut Diagnostics,
) -> BTreeMap<String, Patch<'p>> {
    let mut patches: BTreeMap<String, Patch<'p>> = BTreeMap::new();
    for node in entries {
        let name = &node.name.value;
        let mut add = |file: String, patch: Patch<'p>| {
            if let Some(first) = patches.insert(file, patch) {
                found.push(
                    Diagnostic::error(Code::DuplicateName, format!("`{name}` is described twice"))
                        .at(patch.version.map_or(&node.name.span, |it| &it.version.span).clone())
                        .related(
                            first.version.map_or(&first.node.name.span, |it| &it.version.span).clone(),
                            "first described here",
                        )
                        .help("keep one of the two entries"),
                );
            }
        };
        if node.versions.is_empty() {
            add(name.clone(), Patch { node, version: None });
            continue;
        }
        let latest = latest(node);
        for version in &node.versions {
            let own = version.defined_in.as_ref().map(|it| it.value.clone());
            let own = own.unwrap_or_else(|| format!("{name}_{}", version.version.value));
            let is_latest = latest.as_ref().is_some_and(|it| it.compare(&version.version.value).is_eq());
            // The latest version may keep the file that the model had before it had versions.
            let file = if is_latest && !is_there(&own) && is_there(name) { name.clone() } else { own };
            add(file, Patch { node, version: Some(version) });
        }
        if let Some(latest) = &node.latest_version
            && !node.versions.iter().any(|it| it.version.value.compare(&latest.value).is_eq())
        {
            let listed: Vec<String> = node.versions.iter().map(|it| it.version.value.text()).collect();
            found.push(
                Diagnostic::error(
                    Code::WrongValue,
                    format!("`latest_version` of `{name}` is `{}`, which is no version of it", latest.value.text()),
                )
                .at(latest.span.clone())
                .note(format!("there are {}", listed.join(", "))),
            );
        }
    }
    patches
}
