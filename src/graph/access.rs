//! Who may refer to what: dbt's rules for private and protected models (`Manifest.is_invalid_private_ref` and
//! `is_invalid_protected_ref`, dbt-core 1.11).

use crate::diagnostics::{Code, Diagnostic};
use crate::parse::{NodeKind, ParsedNode, ParsedProject};

/// Why a node may not refer to another one; the place is the caller's to say.
pub(super) fn refused(reader: &ParsedNode, input: &ParsedNode, project: &ParsedProject) -> Option<Diagnostic> {
    if !matches!(input.facts.kind, NodeKind::Model) || matches!(reader.facts.kind, NodeKind::UnitTest(_)) {
        return None;
    }
    let of_package = project.packages.iter().find(|it| it.file.name.value == input.facts.package);
    // As in dbt, the root project's own models are never closed to it.
    let is_closed = of_package.is_some_and(|it| !it.root.is_empty() && it.file.restrict_access);
    let (who, what) = (reader.facts.display(), input.facts.display());
    match input.facts.access() {
        "private" if reader.facts.group() != input.facts.group() || is_closed => {
            let group = input.facts.group().unwrap_or_default();
            let message = format!("{who} refers to {what}, which is private to the group `{group}`");
            let advice = format!("put {who} into the group `{group}`, or give {what} another `access`");
            Some(Diagnostic::error(Code::RefNotAllowed, message).help(advice))
        }
        "protected" if is_closed && reader.facts.package != input.facts.package => {
            let message = format!("{who} refers to {what}, which is protected in package `{}`", input.facts.package);
            Some(Diagnostic::error(Code::RefNotAllowed, message).help("refer to a public model of the package"))
        }
        _ => None,
    }
}
