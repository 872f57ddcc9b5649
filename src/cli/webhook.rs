//! Posting results to a chat. The URL is a secret: it comes from an environment variable, and is never printed.

use std::time::Duration;

use crate::cli::Settings;
use crate::files::{Disk, ProjectFiles};
use crate::http::{Authorities, Client, Post};
use crate::project::Json;

/// Longest that a server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before each further attempt.
const WAITS: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// Who is to be believed about servers: the certificates of `SSL_CERT_FILE`, as with curl, or the well-known ones.
pub(super) fn authorities(settings: &Settings) -> Result<Authorities, String> {
    let path = settings.request.environment.get("SSL_CERT_FILE").filter(|it| !it.is_empty());
    let Some(path) = path else { return Ok(Authorities::default()) };
    let wrong = |why: String| format!("`SSL_CERT_FILE` {path}: {why}");
    let text = Disk::new(&settings.current_folder).read(path).map_err(|error| wrong(error.kind().to_string()))?;
    Authorities::of_pem(&text).map_err(wrong)
}

/// Where to post.
pub(super) struct Webhook {
    /// The variable that has the URL.
    variable: String,
    url: String,
}

impl Webhook {
    /// What the command line, the environment or the project names.
    ///
    /// # Errors
    /// The command line names a variable that is not set.
    pub(super) fn find(settings: &Settings, on_command_line: Option<&str>) -> Result<Option<Webhook>, String> {
        let Some(variable) = on_command_line.or_else(|| settings.flags.value("webhook-url-env")) else {
            return Ok(None);
        };
        let url = settings.request.environment.get(variable).map(|it| it.trim()).filter(|it| !it.is_empty());
        match url {
            Some(url) => Ok(Some(Webhook { variable: variable.to_owned(), url: url.to_owned() })),
            None if on_command_line.is_some() => {
                Err(format!("`--webhook-url-env`: the environment variable `{variable}` is not set"))
            }
            None => {
                // A project is also run on desks, where nobody has set it.
                settings
                    .console
                    .say(&format!("note: nothing is posted: the environment variable `{variable}` is not set"));
                Ok(None)
            }
        }
    }

    /// Posts a message, and says how that went.
    pub(super) fn post(&self, settings: &Settings, message: &Json) {
        let headers = vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())];
        let post = Post { url: self.url.clone(), headers, waits: WAITS.to_vec() };
        let variable = &self.variable;
        let authorities = match authorities(settings) {
            Ok(authorities) => authorities,
            Err(problem) => {
                settings.console.failure(&format!("not posted to the URL in `{variable}`: {problem}"));
                return;
            }
        };
        match Client::new(TIMEOUT, authorities).post(&post, message.to_string().as_bytes()) {
            Ok(1) => settings.console.say(&format!("posted to the URL in `{variable}`")),
            Ok(tried) => settings.console.say(&format!("posted to the URL in `{variable}`, at attempt {tried}")),
            Err(error) => settings.console.failure(&format!("not posted to the URL in `{variable}`: {error}")),
        }
    }
}
