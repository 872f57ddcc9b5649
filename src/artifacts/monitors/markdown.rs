//! The report as Markdown: what is bad first.

use crate::artifacts::MonitorReport;
use crate::monitors::{Check, MonitorResult};

impl MonitorReport {
    /// The whole report.
    pub fn markdown(&self) -> String {
        let mut text = format!("# Monitor of {}\n\n", self.project);
        text += &format!("{}, judged for {} in target `{}`.\n", self.summary(), self.measured_at, self.target);
        let (bad, good): (Vec<_>, Vec<_>) = self.results.iter().partition(|it| it.is_bad());
        for (title, results) in [("To be looked at", bad), ("As expected", good)] {
            if results.is_empty() {
                continue;
            }
            text +=
                &format!("\n## {title}\n\n| monitor | what | measured | expected | verdict |\n|---|---|---|---|---|\n");
            for result in &results {
                result.checks.iter().for_each(|check| text += &row(result, check));
            }
        }
        text
    }
}

fn row(result: &MonitorResult, check: &Check) -> String {
    let name = if result.description.is_empty() {
        escaped(&result.name)
    } else {
        format!("{}<br>{}", escaped(&result.name), escaped(&result.description))
    };
    let cells = [&check.subject, &check.measured, &check.expected].map(|it| escaped(it));
    format!("| {name} | {} | **{}** |\n", cells.join(" | "), check.status.as_str())
}

/// Text in a cell of a table.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('*', "\\*");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use crate::artifacts::monitors::tests::report;

    #[test]
    fn what_is_bad_comes_first() {
        let text = report().markdown();
        let expected = "\
## To be looked at

| monitor | what | measured | expected | verdict |
|---|---|---|---|---|
| revenue_is_there | sum(revenue) > 0 of a\\|b | false | true | **fail** |

## As expected
";
        assert!(text.contains(expected), "{text}");
    }
}
