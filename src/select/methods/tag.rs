//! `tag:nightly`, `tag:team_*`: nodes by their tags. As in dbt, the tag of a column is one of the column's tests, and not
//! of the node that has the column; and a hook of the run has the tag `on-run-start` or `on-run-end`.

use crate::graph::Node;
use crate::parse::NodeKind;
use crate::select::methods::{Method, Wanted};
use crate::select::{Surroundings, wildcard};

#[derive(Debug)]
pub(super) struct Tag;

impl Method for Tag {
    fn name(&self) -> &'static str {
        "tag"
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        tags(node).into_iter().any(|tag| wildcard::fits(wanted.value, tag))
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        tags(node).into_iter().map(str::to_owned).collect()
    }
}

fn tags(node: &Node) -> Vec<&str> {
    match &node.facts.kind {
        NodeKind::Operation(facts) => vec![facts.when.as_str()],
        // dbt's semantic models have none.
        NodeKind::SemanticModel(_) => Vec::new(),
        NodeKind::Test(facts) => {
            let inherited = facts.inherited_tags.iter().map(String::as_str);
            inherited.chain(node.facts.config.tags()).collect()
        }
        _ => node.facts.config.tags(),
    }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, graph};

    const TAGGED: &str = "
        raw.events -> a -> b
        raw.events: tags=[\"landing\"] column={\"name\":\"email\",\"tags\":[\"pii\"]}
        a: tags=[\"nightly\",\"team_web\"]
        b: column={\"name\":\"phone\",\"tags\":[\"secret\"]}
        not_null_b <- b
        not_null_b: inherited=secret
        unique_b <- b
        not_null_x <- raw.events
        not_null_x: inherited=pii
        exposure_e <- b
        exposure_e: tags=[\"board\"]";

    #[test]
    fn by_name_or_pattern() {
        check(&graph(TAGGED), "tag:nightly", "a");
        check(&graph(TAGGED), "tag:team_*", "a");
        check(&graph(TAGGED), "tag:landing", "raw.events");
        check(&graph(TAGGED), "tag:board", "exposure_e");
        check(&graph(TAGGED), "tag:night", "");
    }

    #[test]
    fn the_tag_of_a_column_is_one_of_its_tests() {
        check(&graph(TAGGED), "tag:secret", "not_null_b");
        check(&graph(TAGGED), "tag:pii", "not_null_x");
    }

    #[test]
    fn the_nearest_tag_is_offered() {
        check_hint(&graph(TAGGED), "tag:nigthly", "did you mean `nightly`?");
    }
}
