//! Which warnings are errors: `--warn-error` and `--warn-error-options`, with dbt's names of warnings.

use crate::cli::settings::parse_mapping;
use crate::diagnostics::{Code, Diagnostics, Severity};
use crate::project::Json;

/// What becomes of warnings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WarningRules {
    all_are_errors: bool,
    errors: Vec<String>,
    /// These stay warnings where all others are errors.
    warnings: Vec<String>,
    silenced: Vec<String>,
}

/// dbt's names of what we warn of; a code without a name is meant by `all` alone.
const NAMES: [(Code, &[&str]); 5] = [
    (Code::NothingSelected, &["NoNodesForSelectionCriteria", "NoNodesSelected"]),
    (Code::UnknownNode, &["NoNodeForYamlKey", "MacroNotFoundForPatch"]),
    (Code::UnknownRef, &["NodeNotFoundOrDisabled"]),
    (Code::UnusedConfig, &["UnusedResourceConfigPath"]),
    (Code::UnknownKey, &["CustomKeyInObjectDeprecation", "CustomTopLevelKeyDeprecation", "ValidationWarning"]),
];

/// dbt's name of a test that warns.
const TEST_WARNS: &str = "LogTestResult";

impl WarningRules {
    /// From the two flags.
    ///
    /// # Errors
    /// Options that are no YAML mapping, or of the wrong kind.
    pub(super) fn read(all_are_errors: bool, options: Option<&str>) -> Result<WarningRules, String> {
        let mut rules = WarningRules { all_are_errors, ..WarningRules::default() };
        let Some(options) = options else { return Ok(rules) };
        let option = "--warn-error-options";
        for (key, value) in parse_mapping(option, options)? {
            let is_all = matches!(value.as_str(), Some("all" | "*" | "Warnings" | "Deprecations"));
            let names = match &value {
                Json::Array(items) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
                Json::Null => Vec::new(),
                _ if is_all => Vec::new(),
                other => return Err(format!("`{key}` of `{option}` must be `all` or a list of names, but is {other}")),
            };
            match key.as_str() {
                "error" | "include" => {
                    rules.all_are_errors |= is_all;
                    rules.errors = names;
                }
                "warn" | "exclude" => rules.warnings = names,
                "silence" => rules.silenced = names,
                other => return Err(format!("there is no `{other}` in `{option}`; there is: error, warn, silence")),
            }
        }
        Ok(rules)
    }

    /// Whether a test that would warn fails.
    pub(super) fn tests_fail(&self) -> bool {
        self.is_error(&[TEST_WARNS])
    }

    fn is_error(&self, names: &[&str]) -> bool {
        let listed = |list: &[String]| names.iter().any(|name| list.iter().any(|it| it == name));
        listed(&self.errors) || self.all_are_errors && !listed(&self.warnings) && !listed(&self.silenced)
    }

    /// Warnings that are errors become such; silenced ones go.
    pub(super) fn apply(&self, found: Diagnostics) -> Diagnostics {
        if *self == WarningRules::default() {
            return found;
        }
        let names = |code: Code| NAMES.iter().find(|(it, _)| *it == code).map_or(&[] as &[&str], |(_, names)| *names);
        let mut kept = Diagnostics::new();
        for problem in found.iter() {
            let mut problem = problem.clone();
            if problem.severity == Severity::Warning {
                let names = names(problem.code);
                if names.iter().any(|name| self.silenced.iter().any(|it| it == name)) {
                    continue;
                }
                if self.is_error(names) {
                    problem.severity = Severity::Error;
                }
            }
            kept.push(problem);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Diagnostic;

    fn check(rules: &WarningRules, expected: &str) {
        let found = [
            Diagnostic::warning(Code::NothingSelected, "nothing"),
            Diagnostic::warning(Code::UnknownNode, "unknown"),
            Diagnostic::warning(Code::Unsupported, "unsupported"),
        ];
        let found = rules.apply(found.into_iter().collect());
        let lines: Vec<String> = found.iter().map(|it| format!("{} {}", it.severity.as_str(), it.message)).collect();
        assert_eq!(lines.join(", "), expected);
    }

    #[test]
    fn names_are_those_of_dbt() {
        let read = |all, options| WarningRules::read(all, options).unwrap();
        check(&read(false, None), "warning nothing, warning unknown, warning unsupported");
        check(&read(true, None), "error nothing, error unknown, error unsupported");
        let options = "{error: all, warn: [NoNodesSelected], silence: [NoNodeForYamlKey]}";
        check(&read(false, Some(options)), "warning nothing, error unsupported");
        check(&read(false, Some("{error: [NoNodeForYamlKey]}")), "warning nothing, error unknown, warning unsupported");
        assert!(read(false, Some("{error: [LogTestResult]}")).tests_fail());
        assert!(WarningRules::read(false, Some("{eror: all}")).unwrap_err().contains("there is no `eror`"));
    }
}
