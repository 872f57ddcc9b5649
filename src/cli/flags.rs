//! dbt's global flags: on the command line before or after the command, as `DBT_ENGINE_…` or `DBT_…` variables, or under
//! `flags:` of the project file. The nearest wins, in this order.
//!
//! To add one: its line in [`FLAGS`]. What changes nothing here is accepted, so that scripts written for dbt run.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::project::Json;

/// What a flag is given as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `--name` and `--no-name`.
    Pair,
    /// `--name` alone.
    Single,
    /// `--name VALUE`.
    Value,
}

/// One flag.
struct Flag {
    name: &'static str,
    short: Option<char>,
    form: Form,
    /// Shown in the help; without, the flag is accepted and does nothing.
    help: &'static str,
}

const fn flag(name: &'static str, form: Form, help: &'static str) -> Flag {
    Flag { name, short: None, form, help }
}

const fn short(name: &'static str, letter: char, form: Form, help: &'static str) -> Flag {
    Flag { name, short: Some(letter), form, help }
}

use Form::{Pair, Single, Value};

/// All global flags, sorted.
static FLAGS: &[Flag] = &[
    flag("cache-selected-only", Pair, ""),
    short("debug", 'd', Pair, ""),
    flag("defer", Pair, "Read what is not selected from where the state of --state has it"),
    flag("defer-state", Value, "Folder of the state that --defer means, instead of --state's"),
    flag("explain", Single, "Say why each node is made anew or left as it is"),
    flag("export-saved-queries", Pair, ""),
    short("fail-fast", 'x', Pair, "Stop at the first failure"),
    flag("favor-state", Pair, "With --defer, read from there even what is in the warehouse"),
    flag("include-saved-query", Pair, ""),
    flag("inject-ephemeral-ctes", Pair, ""),
    flag("introspect", Pair, ""),
    flag("keep-going", Pair, "Run what mistakes in other nodes do not reach"),
    flag("log-cache-events", Pair, ""),
    flag("log-file-max-bytes", Value, ""),
    flag("log-format", Value, "Form of what is printed: text or json"),
    flag("log-format-file", Value, ""),
    flag("log-level", Value, "Least that is printed: debug, info, warn, error or none"),
    flag("log-level-file", Value, ""),
    flag("log-path", Value, "Folder to write dbt.log to"),
    flag("macro-debugging", Pair, ""),
    flag("partial-parse", Pair, ""),
    flag("partial-parse-file-diff", Pair, ""),
    flag("partial-parse-file-path", Value, ""),
    flag("populate-cache", Pair, ""),
    flag("print", Pair, ""),
    flag("printer-width", Value, ""),
    short("quiet", 'q', Pair, "Say only what is wrong"),
    short("record-timing-info", 'r', Value, ""),
    flag("reuse", Pair, "Make everything anew, even what would come out the same"),
    flag("send-anonymous-usage-stats", Pair, ""),
    flag("show-all-deprecations", Pair, ""),
    flag("show-resource-report", Pair, ""),
    flag("single-threaded", Pair, "Work on one node at a time"),
    flag("sqlparse", Value, ""),
    flag("state", Value, "Folder of an earlier run's artifacts, for state: and --defer"),
    flag("static-parser", Pair, ""),
    flag("upload-to-artifacts-ingest-api", Pair, ""),
    flag("use-colors", Pair, "Print without colours"),
    flag("use-colors-file", Pair, ""),
    flag("use-experimental-parser", Pair, ""),
    flag("use-fast-test-edges", Pair, ""),
    flag("version-check", Pair, ""),
    flag("warn-error", Single, "Take every warning for an error"),
    flag("warn-error-options", Value, "Which warnings are errors, as YAML: {error: all, warn: [NoNodesSelected]}"),
    flag("write-json", Pair, "Write neither manifest.json nor run_results.json"),
];

/// Flags of some commands that can stand in the environment or the project file too.
const OF_COMMANDS: [&str; 18] = [
    "empty",
    "event-time-end",
    "event-time-start",
    "exclude-resource-types",
    "full-refresh",
    "indirect-selection",
    "profile",
    "profiles-dir",
    "project-dir",
    "resource-types",
    "sample",
    "store-failures",
    "target",
    "target-path",
    "threads",
    "vars",
    "webhook-url-env",
    "webhook-when",
];

/// Adds all flags to the command line.
pub(super) fn add_to(mut command: Command) -> Command {
    for flag in FLAGS {
        let make = |name: &'static str| {
            let arg = Arg::new(name).long(name).global(true).hide(flag.help.is_empty());
            if flag.form == Value { arg.value_name("VALUE") } else { arg.action(ArgAction::SetTrue) }
        };
        let mut arg = make(flag.name).help(flag.help);
        if let Some(letter) = flag.short {
            arg = arg.short(letter);
        }
        if flag.form == Pair {
            let no: &'static str = negated(flag.name);
            arg = arg.overrides_with(no);
            // The one of the two is shown that says something which is not so without it; the help is about that one.
            let is_on_anyway = ["reuse", "use-colors", "write-json"].contains(&flag.name);
            let help = if is_on_anyway { flag.help } else { "" };
            command = command.arg(make(no).overrides_with(flag.name).hide(!is_on_anyway).help(help));
            arg = arg.hide(is_on_anyway || flag.help.is_empty());
        }
        command = command.arg(arg);
    }
    command
}

/// `no-…` of a flag. Flags are few and live as long as the process.
fn negated(name: &'static str) -> &'static str {
    Box::leak(format!("no-{name}").into_boxed_str())
}

/// The values of all flags.
#[derive(Debug, Clone, Default)]
pub(super) struct Flags {
    given: BTreeMap<String, String>,
}

impl Flags {
    /// What the command line, the environment and the project file say.
    pub(super) fn resolve(
        matches: &ArgMatches,
        environment: &BTreeMap<String, String>,
        of_project: &serde_json::Map<String, Json>,
    ) -> Flags {
        let mut flags = Flags::default();
        let names = FLAGS.iter().map(|it| it.name).chain(OF_COMMANDS);
        for name in names {
            let key = name.replace('-', "_");
            let variable = key.to_uppercase();
            let from_environment =
                ["DBT_ENGINE_", "DBT_"].iter().find_map(|it| environment.get(&format!("{it}{variable}")));
            let from_project = || of_project.get(&key).filter(|it| !it.is_null());
            if let Some(value) = from_environment.filter(|it| !it.is_empty()) {
                flags.given.insert(name.to_owned(), value.clone());
            } else if let Some(value) = from_project() {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                flags.given.insert(name.to_owned(), text);
            }
        }
        for flag in FLAGS {
            let is_given = |name: &str| matches.try_get_one::<bool>(name).ok().flatten() == Some(&true);
            match flag.form {
                Value => {
                    if let Ok(Some(value)) = matches.try_get_one::<String>(flag.name) {
                        flags.given.insert(flag.name.to_owned(), value.clone());
                    }
                }
                Pair if is_given(&format!("no-{}", flag.name)) => {
                    flags.given.insert(flag.name.to_owned(), "false".to_owned());
                }
                Pair | Single if is_given(flag.name) => {
                    flags.given.insert(flag.name.to_owned(), "true".to_owned());
                }
                Pair | Single => {}
            }
        }
        flags
    }

    /// Whether a flag is on; `None` where nothing is said.
    pub(super) fn on(&self, name: &str) -> Option<bool> {
        self.given.get(name).and_then(|it| is_true(it))
    }

    /// The value of a flag.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }
}

/// What counts as yes and no in the environment, as in dbt.
fn is_true(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
        "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(arguments: &[&str], environment: &[(&str, &str)], project: Json) -> Flags {
        let command = add_to(Command::new("a").subcommand(Command::new("run")));
        let matches = command.try_get_matches_from([&["a"], arguments].concat()).unwrap();
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Flags::resolve(&matches, &environment, project.as_object().unwrap())
    }

    #[test]
    fn flags_are_sorted() {
        assert!(FLAGS.is_sorted_by_key(|it| it.name));
    }

    #[test]
    fn the_nearest_wins() {
        let project = || serde_json::json!({"fail_fast": true, "use_colors": false});
        let flags = resolve(&["run", "--no-fail-fast"], &[("DBT_FAIL_FAST", "1")], project());
        assert_eq!((flags.on("fail-fast"), flags.on("use-colors")), (Some(false), Some(false)));
        let flags = resolve(&["--fail-fast", "run"], &[("DBT_ENGINE_USE_COLORS", "yes")], project());
        assert_eq!((flags.on("fail-fast"), flags.on("use-colors")), (Some(true), Some(true)));
        let flags = resolve(&["run"], &[("DBT_ENGINE_STATE", "a"), ("DBT_STATE", "b")], project());
        assert_eq!((flags.value("state"), flags.on("quiet")), (Some("a"), None));
    }
}
