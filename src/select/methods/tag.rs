//! `tag:nightly`, `tag:team_*`: nodes by their tags. As in dbt, the tag of a column is one of the column's
//! tests, and not of the node that has the column.

use crate::graph::Node;
use crate::parse::{NodeKind, TestForm};
use crate::project::Json;
use crate::select::methods::{Method, Wanted};
use crate::select::{Surroundings, wildcard};

#[derive(Debug)]
pub(super) struct Tag;

impl Method for Tag {
    fn name(&self) -> &'static str {
        "tag"
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, surroundings: &Surroundings<'_>) -> bool {
        tags(node, surroundings).into_iter().any(|tag| wildcard::fits(wanted.value, tag))
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, surroundings: &Surroundings<'_>) -> Vec<String> {
        tags(node, surroundings).into_iter().map(str::to_owned).collect()
    }
}

fn tags<'a>(node: &'a Node, surroundings: &Surroundings<'a>) -> Vec<&'a str> {
    let mut tags = node.facts.config.tags();
    match &node.facts.kind {
        // An exposure's tags may stand beside its configuration.
        NodeKind::Exposure(facts) => match facts.raw.get("tags") {
            Some(Json::String(tag)) => tags.push(tag),
            Some(Json::Array(list)) => tags.extend(list.iter().filter_map(Json::as_str)),
            _ => {}
        },
        NodeKind::Test(test) => match (&test.form, &node.tested) {
            (TestForm::Generic { column: Some(column), .. }, Some(tested)) => {
                let tested = surroundings.graph.get(tested).into_iter();
                let columns = tested.flat_map(|it| &it.facts.columns).filter(|it| it.name == *column);
                tags.extend(columns.flat_map(|it| it.tags.iter().map(String::as_str)));
            }
            (TestForm::Generic { .. } | TestForm::Singular, _) => {}
        },
        NodeKind::Analysis | NodeKind::Model | NodeKind::Seed | NodeKind::Source(_) => {}
    }
    tags
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
        not_null_b: tested_column=phone
        unique_b <- b
        unique_b: tested_column=id
        not_null_x <- raw.events
        not_null_x: tested_column=email
        exposure_e <- b
        exposure_e: raw={\"tags\":[\"board\"]}";

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
