//! The report as a message in a chat: JSON as Slack's incoming webhooks take it, and those of others that do as Slack does.
//! <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>

use serde_json::json;

use crate::artifacts::MonitorReport;
use crate::monitors::Status;
use crate::project::Json;

/// Lines that a message has at most: a chat is no report.
const LINES: usize = 20;

impl MonitorReport {
    /// What is posted: what somebody should look at, one line each.
    pub fn message(&self) -> Json {
        let mut lines = Vec::new();
        for result in &self.results {
            for check in result.checks.iter().filter(|it| it.status >= Status::Warn) {
                let mark = if check.status == Status::Warn { ":warning:" } else { ":red_circle:" };
                let expected = if check.expected.is_empty() {
                    String::new()
                } else {
                    format!(" (expected {})", escaped(&check.expected))
                };
                let (name, subject) = (escaped(&result.name), escaped(&check.subject));
                lines.push(format!(
                    "{mark} *{name}* {}: {subject}: {}{expected}",
                    check.status.as_str(),
                    escaped(&check.measured)
                ));
            }
        }
        if lines.len() > LINES {
            let more = lines.len() - LINES;
            lines.truncate(LINES);
            lines.push(format!("and {more} more"));
        }
        let head = if self.is_bad() { ":rotating_light:" } else { ":large_green_circle:" };
        let head = format!("{head} *{}* ({}): {}", escaped(&self.project), escaped(&self.target), self.summary());
        lines.insert(0, head);
        json!({"text": lines.join("\n")})
    }
}

/// The three characters that mean something to Slack, on one line.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use crate::artifacts::monitors::tests::report;

    #[test]
    fn a_message_says_what_is_wrong() {
        let message = report().message();
        assert_eq!(
            message["text"],
            ":rotating_light: *shop* (dev): 2 checks: 1 pass, 1 fail\n\
             :red_circle: *revenue_is_there* fail: sum(revenue) &gt; 0 of a|b: false (expected true)"
        );
    }
}
