//! What a selector can look at, one method per file. To add one: a file with a `Method`, and its line here.

mod access;
mod config;
mod exposure;
mod file;
mod fqn;
mod group;
mod metric;
mod package;
mod path;
mod resource_type;
mod result;
mod saved_query;
mod semantic_model;
mod source;
mod source_status;
mod state;
mod tag;
mod test_name;
mod test_type;
mod unit_test;
mod version;

use std::fmt::Debug;

use crate::diagnostics::{Code, Diagnostic, closest};
use crate::graph::Node;
use crate::select::{Surroundings, wildcard};

/// All methods, sorted.
pub(super) static ALL: &[&dyn Method] = &[
    &access::Access,
    &config::Config,
    &exposure::Exposure,
    &file::File,
    &fqn::Fqn,
    &group::Group,
    &metric::Metric,
    &package::Package,
    &path::Path,
    &resource_type::ResourceType,
    &result::Result,
    &saved_query::SavedQuery,
    &semantic_model::SemanticModel,
    &source::Source,
    &source_status::SourceStatus,
    &state::State,
    &tag::Tag,
    &test_name::TestName,
    &test_type::TestType,
    &unit_test::UnitTest,
    &version::Version,
];

/// What a method is to look for: `x.y` and `z` of `method.x.y:z`.
pub(super) struct Wanted<'a> {
    /// What stands between the method's name and the colon.
    pub(super) arguments: &'a [String],
    /// What stands behind the colon; never empty.
    pub(super) value: &'a str,
}

/// One way to look at nodes.
pub(super) trait Method: Debug + Sync {
    /// The word before the colon.
    fn name(&self) -> &'static str;

    /// Whether `name.something:` means anything.
    fn takes_arguments(&self) -> bool {
        false
    }

    /// Refuses what can't fit any node of any project.
    fn check(&self, _wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        Ok(())
    }

    /// What it can't do without and does not have.
    fn missing(&self, _surroundings: &Surroundings<'_>) -> Option<Diagnostic> {
        None
    }

    /// Whether a node is looked for.
    fn fits(&self, wanted: &Wanted<'_>, node: &Node, surroundings: &Surroundings<'_>) -> bool;

    /// Values that would have found this node, for 'did you mean'.
    fn values(&self, wanted: &Wanted<'_>, node: &Node, surroundings: &Surroundings<'_>) -> Vec<String>;

    /// A way out for someone whose value fits nothing.
    fn advice(&self, wanted: &Wanted<'_>, surroundings: &Surroundings<'_>) -> Option<String> {
        let values = surroundings.graph.nodes().flat_map(|it| self.values(wanted, it, surroundings));
        did_you_mean(wanted, values.collect())
    }
}

fn did_you_mean(wanted: &Wanted<'_>, values: Vec<String>) -> Option<String> {
    closest(wanted.value, values.iter().map(String::as_str)).map(|it| format!("did you mean `{it}`?"))
}

/// A method by its name.
pub(super) fn find(name: &str) -> Option<&'static dyn Method> {
    ALL.iter().copied().find(|it| it.name() == name)
}

/// The method for a value that names none.
pub(super) fn default_for(value: &str) -> &'static dyn Method {
    let lowered = value.to_lowercase();
    if value.contains('/') {
        &path::Path
    } else if [".sql", ".py", ".csv"].iter().any(|it| lowered.ends_with(it)) {
        &file::File
    } else {
        &fqn::Fqn
    }
}

/// A value that has too many parts, with the forms that there are.
fn too_many_parts(wanted: &Wanted<'_>, forms: &str) -> Diagnostic {
    Diagnostic::error(Code::BadSelector, format!("`{}` has too many parts", wanted.value))
        .help(format!("write {forms}"))
}

/// Package and name of `name` or `package.name`.
fn package_and_name(value: &str) -> Option<(&str, &str)> {
    match value.split('.').collect::<Vec<_>>().as_slice() {
        [name] => Some(("*", name)),
        [package, name] => Some((package, name)),
        _ => None,
    }
}

/// Refuses what is neither `name` nor `package.name`.
fn check_package_and_name(method: &str, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
    match package_and_name(wanted.value) {
        Some(_) => Ok(()),
        None => Err(too_many_parts(wanted, &format!("`{method}:name` or `{method}:package.name`"))),
    }
}

/// Whether a node has this name, and this package where one is named; both with wildcards.
fn fits_package_and_name(wanted: &Wanted<'_>, node: &Node) -> bool {
    package_and_name(wanted.value).is_some_and(|(package, name)| {
        wildcard::fits(package, &node.facts.package) && wildcard::fits(name, &node.facts.name)
    })
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn methods_are_sorted_by_the_names_that_users_type() {
        assert!(ALL.is_sorted_by_key(|it| it.name()));
    }
}
