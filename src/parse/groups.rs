//! Groups: who answers for a model, and who may refer to a private one.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::parse::context::Context;
use crate::parse::facts::ParsedNode;
use crate::parse::kinds::NodeKind;
use crate::project::{Config, Json, Properties};

/// A group of models.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its package.
    pub package: String,
    /// The file that says so, relative to the project.
    pub path: String,
    /// Rendered.
    pub description: String,
    /// `name`, `email` and whatever else is written.
    pub owner: Json,
    /// Its configuration.
    pub config: Config,
    /// Where its name is written.
    pub span: Span,
}

impl Group {
    /// dbt's `unique_id`.
    pub fn id(&self) -> String {
        format!("group.{}.{}", self.package, self.name)
    }
}

/// All groups of a package.
pub(super) fn read(context: &Context<'_>, properties: &[Properties], found: &mut Diagnostics) -> Vec<Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for group in properties.iter().flat_map(|it| &it.groups) {
        let name = &group.name;
        if let Some(first) = groups.get(&name.value) {
            found.push(
                Diagnostic::error(Code::DuplicateName, format!("group `{}` is defined twice", name.value))
                    .at(name.span.clone())
                    .related(first.span.clone(), "first defined here")
                    .help("keep one of the two entries"),
            );
            continue;
        }
        let owner = group.raw.get("owner").cloned().unwrap_or_default();
        if owner.get("name").is_none() && owner.get("email").is_none() {
            found.push(
                Diagnostic::error(Code::MissingKey, format!("the owner of group `{}` has no name", name.value))
                    .at(name.span.clone())
                    .help("give the owner a `name` or an `email`"),
            );
        }
        groups.insert(
            name.value.clone(),
            Group {
                name: name.value.clone(),
                package: context.package_name().to_owned(),
                path: group.file.clone(),
                description: context.describe(&group.description, &name.span, found),
                owner,
                config: group.config.clone(),
                span: name.span.clone(),
            },
        );
    }
    groups.into_values().collect()
}

const ACCESSES: [&str; 3] = ["private", "protected", "public"];

/// Reports groups that no file defines and accesses that there are not.
pub(super) fn check(nodes: &[ParsedNode], groups: &[Group], found: &mut Diagnostics) {
    for node in nodes.iter().filter(|it| it.facts.config.enabled()) {
        let facts = &node.facts;
        if matches!(facts.kind, NodeKind::Test(_)) {
            continue;
        }
        if let Some(name) = facts.group()
            && !groups.iter().any(|it| it.name == name && it.package == facts.package)
        {
            let names: Vec<&str> = groups.iter().map(|it| it.name.as_str()).collect();
            found.push(
                Diagnostic::error(
                    Code::UnknownNode,
                    format!("{} is in group `{name}`, which is not defined", facts.display()),
                )
                .at(facts.place_of_config("group"))
                .help_if(closest(name, names.iter().copied()), |it| format!("did you mean `{it}`?"))
                .help_if(names.is_empty().then_some(()), |()| {
                    "define it under `groups:` in a properties file".to_owned()
                }),
            );
        }
        if !matches!(facts.kind, NodeKind::Model) {
            continue;
        }
        let access = facts.access();
        if !ACCESSES.contains(&access) {
            found.push(
                Diagnostic::error(Code::WrongValue, format!("there is no access `{access}`"))
                    .at(facts.place_of_config("access"))
                    .help_if(closest(access, ACCESSES), |it| format!("did you mean `{it}`?"))
                    .note(format!("there are {}", ACCESSES.join(", "))),
            );
        } else if access == "public" && facts.is_ephemeral() {
            found.push(
                Diagnostic::error(
                    Code::WrongValue,
                    format!("{} is ephemeral, and so can't be public", facts.display()),
                )
                .at(facts.place_of_config("access"))
                .help("materialise it as a view, or leave `access` away"),
            );
        }
    }
}
