//! Where dbt says that things lie: relative to their package, to their resource folder, to the target folder.

use crate::files;
use crate::parse::{NodeFacts, NodeKind, ParsedProject, TestForm};
use crate::project::ProjectFile;

/// A file's path relative to the root of its own package.
pub(super) fn original<'p>(file: &ProjectFile, package: &str, path: &'p str) -> &'p str {
    if package == file.name.value {
        return path;
    }
    let installed = path.strip_prefix(file.packages_path.as_str()).map(|it| it.trim_start_matches('/'));
    installed.and_then(|it| it.split_once('/')).map_or(path, |(_, below)| below)
}

/// A node's path below the folder of its kind, as dbt's `path`.
pub(super) fn below_folder(facts: &NodeFacts) -> String {
    let name = facts.path.rsplit('/').next().unwrap_or(&facts.path);
    match &facts.kind {
        NodeKind::Test(test) if matches!(test.form, TestForm::Generic { .. }) => {
            return format!("{}.sql", facts.relation.identifier);
        }
        NodeKind::Source(_) => return facts.path.clone(),
        NodeKind::Analysis => return format!("analysis/{name}"),
        NodeKind::Operation(_) => return format!("hooks/{}.sql", facts.name),
        NodeKind::Snapshot(_) => {
            // dbt's fully qualified names of blocks hold the file's name too.
            let is_block = facts.path.ends_with(".sql");
            let below = facts.fqn.get(1..facts.fqn.len().saturating_sub(1 + usize::from(is_block))).unwrap_or_default();
            let file = if is_block { name.to_owned() } else { format!("{name}/{}.sql", facts.name) };
            return below.iter().map(String::as_str).chain([file.as_str()]).collect::<Vec<_>>().join("/");
        }
        NodeKind::Model if facts.model.version.is_some() => {
            let folders = facts.fqn.get(1..facts.fqn.len().saturating_sub(2)).unwrap_or_default();
            return folders.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("/");
        }
        _ => {}
    }
    // The fully qualified name holds package, folders and name.
    let folders = facts.fqn.get(1..facts.fqn.len().saturating_sub(1)).unwrap_or_default();
    folders.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("/")
}

/// A path without its first folder, which is that of its kind.
pub(super) fn below_first_folder(path: &str) -> &str {
    path.split_once('/').map_or(path, |(_, below)| below)
}

/// Where the compiled SQL of a node lies, relative to the project:
/// `target/compiled/<package>/models/a.sql`, for generic tests `…/models/a.yml/<test>.sql`.
pub fn compiled_path(project: &ParsedProject, facts: &NodeFacts) -> String {
    let original = original(&project.file, &facts.package, &facts.path);
    let path = files::join(&project.file.target_path, &format!("compiled/{}/{original}", facts.package));
    match &facts.kind {
        NodeKind::Test(test) if matches!(test.form, TestForm::Generic { .. }) => {
            format!("{path}/{}.sql", facts.relation.identifier)
        }
        NodeKind::Snapshot(_) => format!("{path}/{}.sql", facts.name),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_as_dbt_writes_them() {
        let (project, graph) = crate::artifacts::tests::project();
        let of = |end: &str| graph.nodes().find(|it| it.facts.id.as_str().contains(end)).unwrap().facts.clone();
        let model = of("fct_orders");
        assert_eq!(below_folder(&model), "marts/fct_orders.sql");
        assert_eq!(compiled_path(&project, &model), "target/compiled/shop/models/marts/fct_orders.sql");
        let test = of("unique_fct_orders_id");
        assert_eq!(below_folder(&test), "unique_fct_orders_id.sql");
        assert_eq!(compiled_path(&project, &test), "target/compiled/shop/models/all.yml/unique_fct_orders_id.sql");
        assert_eq!(original(&project.file, "tools", "dbt_packages/tools/models/a.sql"), "models/a.sql");
    }
}
