//! `file:orders.sql`, `file:orders`, `file:stg_*`: nodes by the name of the file that defines them, with or without
//! its ending. What is written in properties files only has these files' names.

use crate::files;
use crate::graph::Node;
use crate::select::methods::{Method, Wanted};
use crate::select::{Surroundings, wildcard};

#[derive(Debug)]
pub(super) struct File;

impl Method for File {
    fn name(&self) -> &'static str {
        "file"
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        let path = &node.facts.path;
        wildcard::fits(wanted.value, file_name(path)) || wildcard::fits(wanted.value, files::stem(path))
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        vec![file_name(&node.facts.path).to_owned()]
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, graph};

    const FILES: &str = "
        stg_a -> b
        stg_a: path=models/staging/stg_a.sql
        not_null_b <- b
        not_null_b: path=models/marts/_marts.yml";

    #[test]
    fn with_or_without_its_ending() {
        check(&graph(FILES), "file:stg_a.sql", "stg_a");
        check(&graph(FILES), "file:stg_a", "stg_a");
        check(&graph(FILES), "stg_a.sql", "stg_a");
        check(&graph(FILES), "file:_marts.yml", "not_null_b");
    }

    #[test]
    fn with_wildcards() {
        check(&graph(FILES), "file:stg_*", "stg_a");
        check(&graph(FILES), "file:*.sql", "stg_a b");
    }

    #[test]
    fn the_nearest_file_is_offered() {
        check_hint(&graph(FILES), "stg_b.sql", "did you mean `stg_a.sql`?");
    }
}
