//! What a selector can look at, one method per file. To add one: a file with a `Method`, and its line here.

mod config;
mod exposure;
mod file;
mod fqn;
mod package;
mod path;
mod resource_type;
mod source;
mod tag;
mod test_name;
mod test_type;

use std::fmt::Debug;

use crate::diagnostics::{Code, Diagnostic, closest};
use crate::graph::Node;
use crate::select::Surroundings;

/// All methods, sorted.
pub(super) static ALL: &[&dyn Method] = &[
    &config::Config,
    &exposure::Exposure,
    &file::File,
    &fqn::Fqn,
    &package::Package,
    &path::Path,
    &resource_type::ResourceType,
    &source::Source,
    &tag::Tag,
    &test_name::TestName,
    &test_type::TestType,
];

/// dbt's other methods, sorted.
pub(super) static NOT_YET: &[&str] = &[
    "access",
    "group",
    "metric",
    "result",
    "saved_query",
    "selector",
    "semantic_model",
    "source_status",
    "state",
    "unit_test",
    "version",
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

#[cfg(test)]
mod tests {
    use super::{ALL, NOT_YET};

    #[test]
    fn methods_are_sorted_by_the_names_that_users_type() {
        assert!(ALL.is_sorted_by_key(|it| it.name()));
    }

    #[test]
    fn no_method_is_both_there_and_missing() {
        assert!(NOT_YET.is_sorted());
        assert!(NOT_YET.iter().all(|it| super::find(it).is_none()));
    }
}
