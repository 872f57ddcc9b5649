//! `config.materialized:table`, `config.meta.owner:ann`, `config.tags:nightly`: nodes by their configuration.
//!
//! As in dbt, text is compared whole and without wildcards, `true` and `false` fit booleans, one element of a list is
//! enough, numbers fit no text, and what nobody set has its default. Exposures have no configuration.

use std::borrow::Cow;

use crate::diagnostics::{Code, Diagnostic};
use crate::graph::Node;
use crate::parse::NodeKind;
use crate::project::Json;
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted};

#[derive(Debug)]
pub(super) struct Config;

impl Method for Config {
    fn name(&self) -> &'static str {
        "config"
    }

    fn takes_arguments(&self) -> bool {
        true
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        if wanted.arguments.is_empty() || wanted.arguments.iter().any(String::is_empty) {
            return Err(Diagnostic::error(Code::BadSelector, "`config` needs the name of a configuration key")
                .help(format!("write `config.materialized:{}`", wanted.value)));
        }
        Ok(())
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        // Severity is written in either case, by users and by dbt itself.
        let any_case = wanted.arguments == ["severity"];
        let is_wanted = |value: &Json| match value {
            Json::String(text) => text == wanted.value || any_case && text.eq_ignore_ascii_case(wanted.value),
            Json::Bool(value) => wanted.value.eq_ignore_ascii_case(if *value { "true" } else { "false" }),
            Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => false,
        };
        match configured(wanted.arguments, node).as_deref() {
            Some(Json::Array(values)) => values.iter().any(is_wanted),
            Some(value) => is_wanted(value),
            None => false,
        }
    }

    fn values(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        let texts = |value: &Json| match value {
            Json::String(text) => vec![text.clone()],
            Json::Bool(value) => vec![value.to_string()],
            Json::Array(items) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            Json::Null | Json::Number(_) | Json::Object(_) => Vec::new(),
        };
        configured(wanted.arguments, node).as_deref().map(texts).unwrap_or_default()
    }
}

fn configured<'a>(keys: &[String], node: &'a Node) -> Option<Cow<'a, Json>> {
    let (first, below) = keys.split_first()?;
    let is_passed_over = matches!(
        node.facts.kind,
        NodeKind::Exposure(_)
            | NodeKind::Function(_)
            | NodeKind::Metric(_)
            | NodeKind::Monitor(_)
            | NodeKind::SavedQuery(_)
            | NodeKind::SemanticModel(_)
            | NodeKind::UnitTest(_)
    );
    if is_passed_over {
        return None;
    }
    match node.facts.config.get(first) {
        Some(value) => below.iter().try_fold(value, |value, key| value.get(key)).map(Cow::Borrowed),
        None => default(keys, node).map(Cow::Owned),
    }
}

/// dbt's defaults (`dbt/artifacts/resources/v1/config.py`) of the keys that people select by.
fn default(keys: &[String], node: &Node) -> Option<Json> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let is_query = !matches!(node.facts.kind, NodeKind::Source(_) | NodeKind::Test(_));
    let is_test = matches!(node.facts.kind, NodeKind::Test(_));
    let value = match keys.as_slice() {
        ["enabled"] => Json::from(true),
        ["materialized"] if matches!(node.facts.kind, NodeKind::Analysis | NodeKind::Operation(_)) => {
            Json::from("view")
        }
        ["materialized"] if is_query || is_test => Json::from(node.facts.materialized()),
        ["access"] if matches!(node.facts.kind, NodeKind::Model) => Json::from("protected"),
        ["contract", "enforced"] if is_query => Json::from(false),
        ["on_configuration_change"] if is_query => Json::from("apply"),
        ["on_schema_change"] if is_query => Json::from("ignore"),
        ["schema"] if is_test => Json::from("dbt_test__audit"),
        ["severity"] if is_test => Json::from("ERROR"),
        ["fail_calc"] if is_test => Json::from("count(*)"),
        ["warn_if" | "error_if"] if is_test => Json::from("!= 0"),
        _ => return None,
    };
    Some(value)
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, check_refused, graph};

    const MODELS: &str = "
        raw.events -> a -> b -> c
        a: materialized=table meta={\"owner\":\"ann\",\"pii\":true,\"teams\":[\"x\",\"y\"],\"deep\":{\"er\":\"z\"},\"n\":1}
        b: materialized=incremental tags=[\"nightly\",\"core\"] contract={\"enforced\":true}
        test_a <- a
        test_a: severity=warn
        exposure_e <- c";

    #[test]
    fn text_is_compared_whole() {
        check(&graph(MODELS), "config.materialized:incremental", "b");
        check(&graph(MODELS), "config.materialized:incr*", "");
        check(&graph(MODELS), "config.materialized:Table", "");
    }

    #[test]
    fn what_nobody_set_has_its_default() {
        check(&graph(MODELS), "config.materialized:view", "c");
        check(&graph(MODELS), "config.contract.enforced:false", "a c");
        check(&graph(MODELS), "config.severity:warn", "test_a");
        check(&graph("test_a <- a"), "config.severity:error", "test_a");
    }

    #[test]
    fn keys_lead_into_mappings() {
        check(&graph(MODELS), "config.meta.owner:ann", "a");
        check(&graph(MODELS), "config.meta.deep.er:z", "a");
        check(&graph(MODELS), "config.meta.deep:z", "");
    }

    #[test]
    fn one_element_of_a_list_is_enough() {
        check(&graph(MODELS), "config.tags:core", "b");
        check(&graph(MODELS), "config.meta.teams:y", "a");
    }

    #[test]
    fn booleans_have_words_and_numbers_have_none() {
        check(&graph(MODELS), "config.meta.pii:True", "a");
        check(&graph(MODELS), "config.contract.enforced:true", "b");
        check(&graph(MODELS), "config.meta.n:1", "");
        check(&graph(MODELS), "config.enabled:true", "raw.events a b c test_a");
    }

    #[test]
    fn mistakes() {
        check_refused("config:table", "config:table", "write `config.materialized:table`");
        check_refused("config.meta.:x", "config.meta.:x", "needs the name of a configuration key");
        check_hint(&graph(MODELS), "config.materialized:incremntal", "did you mean `incremental`?");
    }
}
