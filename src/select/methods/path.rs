//! `path:models/staging`, `models/**/stg_*.sql`: nodes by the file that defines them, by any folder above it, or by the
//! properties file that describes them. Relative to the project; `*` stays within a name, `**` is any folders.

use crate::diagnostics::{Code, Diagnostic};
use crate::graph::Node;
use crate::select::methods::{Method, Wanted};
use crate::select::{Surroundings, wildcard};

#[derive(Debug)]
pub(super) struct Path;

impl Method for Path {
    fn name(&self) -> &'static str {
        "path"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        if wanted.value.starts_with('/') {
            return Err(Diagnostic::error(Code::BadSelector, "a path in a selector is relative to the project")
                .help("leave out what is above the project: `models/staging`"));
        }
        Ok(())
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        let pattern = parts(wanted.value);
        let path = parts(&node.facts.path);
        let described_there = node.facts.patch_path.as_deref().is_some_and(|it| {
            // A folder that holds no more than a node's description does not hold the node.
            wildcard::fits_path(&pattern, &parts(it))
        });
        described_there || (0..=path.len()).any(|length| wildcard::fits_path(&pattern, &path[..length]))
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        let path = parts(&node.facts.path);
        (1..=path.len()).map(|length| path[..length].join("/")).collect()
    }
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|it| !it.is_empty() && *it != ".").collect()
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, check_refused, graph};

    const FOLDERS: &str = "
        raw.events -> stg_a -> stg_b -> fct
        raw.events: path=models/staging/_sources.yml
        stg_a: path=models/staging/web/stg_a.sql
        stg_b: path=models/staging/stg_b.sql patch=models/docs/_staging.yml
        fct: path=models/marts/fct.sql";

    #[test]
    fn a_folder_holds_all_below_it() {
        check(&graph(FOLDERS), "path:models/staging", "raw.events stg_a stg_b");
        check(&graph(FOLDERS), "models/staging/", "raw.events stg_a stg_b");
        check(&graph(FOLDERS), "./models/staging/web", "stg_a");
        check(&graph(FOLDERS), "path:models", "raw.events stg_a stg_b fct");
        check(&graph(FOLDERS), "path:.", "raw.events stg_a stg_b fct");
        check(&graph(FOLDERS), "models/stag/", "");
    }

    #[test]
    fn a_file_alone() {
        check(&graph(FOLDERS), "models/marts/fct.sql", "fct");
        check(&graph(FOLDERS), "+models/marts/fct.sql", "raw.events stg_a stg_b fct");
        check(&graph(FOLDERS), "models/marts/fct", "");
    }

    #[test]
    fn a_properties_file_stands_for_what_it_describes() {
        check(&graph(FOLDERS), "path:models/docs/_staging.yml", "stg_b");
        check(&graph(FOLDERS), "path:models/docs", "");
        check(&graph(FOLDERS), "models/staging/_sources.yml", "raw.events");
    }

    #[test]
    fn globs() {
        check(&graph(FOLDERS), "models/*/stg_*.sql", "stg_b");
        check(&graph(FOLDERS), "models/**/stg_*.sql", "stg_a stg_b");
        check(&graph(FOLDERS), "models/*/web", "stg_a");
        check(&graph(FOLDERS), "models/m*", "fct");
    }

    #[test]
    fn mistakes() {
        check_refused("/home/models/a.sql", "/home/models/a.sql", "relative to the project");
        check_hint(&graph(FOLDERS), "models/stagin", "did you mean `models/staging`?");
    }
}
