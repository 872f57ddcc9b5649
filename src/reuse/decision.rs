//! Whether what is there is what would be made, and if not, why.

use std::fmt;

use crate::reuse::MadeOf;

/// Why something is made anew, or asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// It is not there yet.
    Absent,
    /// It was of another kind before.
    OtherKind,
    /// Its record does not fit its file, or its file was touched since.
    Touched,
    /// It was asked for: `--full-refresh`, `--no-reuse`.
    Asked(&'static str),
    /// It did not pass the last time, or was never asked.
    NotPassed,
    /// Its record does not say what it was made of.
    Unrecorded,
    /// The program or its engine has another version.
    Planner,
    /// Its query has another meaning.
    Query,
    /// Its configuration has changed.
    Config,
    /// What it reads of these inputs has changed.
    Inputs(Vec<String>),
    /// Nobody can tell whether its result would be the same.
    Untold(String),
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Because::Absent => f.write_str("not there yet"),
            Because::OtherKind => f.write_str("was of another kind before"),
            Because::Touched => f.write_str("its file is not the one that was recorded"),
            Because::Asked(flag) => write!(f, "asked for with {flag}"),
            Because::NotPassed => f.write_str("not passed before"),
            Because::Unrecorded => f.write_str("not recorded what it was made of"),
            Because::Planner => f.write_str("made by another version"),
            Because::Query => f.write_str("its query has changed"),
            Because::Config => f.write_str("its configuration has changed"),
            Because::Inputs(names) => write!(f, "changed: {}", names.join(", ")),
            Because::Untold(why) => f.write_str(why),
        }
    }
}

/// Compares what something was made of with what it would be made of now.
///
/// # Errors
/// The first reason, the most telling one, why it isn't the same.
pub fn compare(was: Option<&MadeOf>, now: &MadeOf) -> Result<(), Because> {
    let Some(was) = was else { return Err(Because::Unrecorded) };
    if was.planner == now.planner && was.config == now.config && was.result == now.result {
        return Ok(());
    }
    if was.planner != now.planner {
        return Err(Because::Planner);
    }
    if was.query != now.query {
        return Err(Because::Query);
    }
    if was.config != now.config {
        return Err(Because::Config);
    }
    let changed = now.inputs.iter().filter(|(name, it)| was.inputs.get(*name) != Some(*it));
    let changed: Vec<String> = changed.map(|(name, _)| name.clone()).collect();
    Err(if changed.is_empty() { Because::Query } else { Because::Inputs(changed) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::reuse::Digest;

    #[test]
    fn the_most_telling_reason_is_named() {
        let digest = |it: &str| Digest::text("test", it);
        let was = MadeOf {
            planner: "1".to_owned(),
            query: digest("query"),
            config: digest("config"),
            inputs: BTreeMap::from([("orders".to_owned(), digest("orders"))]),
            result: digest("result"),
        };
        assert_eq!(compare(Some(&was), &was), Ok(()));
        assert_eq!(compare(None, &was), Err(Because::Unrecorded));
        let check = |change: &dyn Fn(&mut MadeOf), because: Because| {
            let mut now = was.clone();
            now.result = digest("another");
            change(&mut now);
            assert_eq!(compare(Some(&was), &now), Err(because));
        };
        check(&|it| it.planner = "2".to_owned(), Because::Planner);
        check(&|it| it.query = digest("other"), Because::Query);
        check(&|it| it.config = digest("other"), Because::Config);
        check(&|it| drop(it.inputs.insert("orders".into(), digest("new"))), Because::Inputs(vec!["orders".into()]));
    }
}
