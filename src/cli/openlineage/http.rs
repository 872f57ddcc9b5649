//! The transport `http`: events posted by a thread of their own, in order, so that no node waits for a server.
//! Options as OpenLineage's own client has them: <https://openlineage.io/docs/client/python/configuration#http-transport>

use std::io::Write as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::console::Console;
use crate::http::{Authorities, Client, Post, Undelivered};
use crate::project::Json;

/// Where events are posted when nothing is said.
const ENDPOINT: &str = "api/v1/lineage";

/// How long to wait before each further attempt.
const WAITS: [Duration; 3] = [Duration::from_millis(300), Duration::from_millis(600), Duration::from_millis(1200)];

/// Where and how events are posted.
#[derive(Clone)]
pub(super) struct Http {
    post: Post,
    timeout: Duration,
    is_compressed: bool,
}

impl Http {
    /// From the transport's options, their names in lower case.
    ///
    /// # Errors
    /// An option that can't be followed.
    pub(super) fn read(options: &serde_json::Map<String, Json>) -> Result<Http, String> {
        let text = |name: &str| options.get(name).and_then(Json::as_str).map(str::trim).filter(|it| !it.is_empty());
        let url = text("url").ok_or("the transport `http` has no `url`")?;
        let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        if options.get("verify").is_some_and(|it| !is_true(it)) {
            return Err("`verify: false` is not available: certificates are always checked".to_owned());
        }
        headers.extend(authorization(options.get("auth"))?);
        let custom = options.get("custom_headers").and_then(Json::as_object);
        let header = |(name, value): (&String, &Json)| Some((name.clone(), value.as_str()?.to_owned()));
        headers.extend(custom.into_iter().flatten().filter_map(header));
        let is_compressed = match text("compression") {
            None => false,
            Some("gzip") => true,
            Some(other) => return Err(format!("the compression `{other}` is not available; use `gzip`")),
        };
        if is_compressed {
            headers.push(("Content-Encoding".to_owned(), "gzip".to_owned()));
        }
        let timeout = options.get("timeout").and_then(|it| it.as_f64().or_else(|| it.as_str()?.trim().parse().ok()));
        let timeout = Duration::try_from_secs_f64(timeout.unwrap_or(5.0)).map_err(|_| "`timeout` is no time")?;
        let url = joined(url, text("endpoint").unwrap_or(ENDPOINT));
        Ok(Http { post: Post { url, headers, waits: WAITS.to_vec() }, timeout, is_compressed })
    }
}

fn is_true(value: &Json) -> bool {
    value.as_bool().unwrap_or_else(|| !value.as_str().is_some_and(|it| it.eq_ignore_ascii_case("false")))
}

/// The endpoint, relative to the URL as links are to their page.
fn joined(url: &str, endpoint: &str) -> String {
    let host_at = url.find("://").map_or(0, |at| at + 3);
    let path_at = url[host_at..].find('/').map_or(url.len(), |at| host_at + at);
    let base = match endpoint.starts_with('/') {
        true => &url[..path_at],
        false => url.rfind('/').filter(|at| *at >= path_at).map_or(url, |at| &url[..at]),
    };
    format!("{}/{}", base.trim_end_matches('/'), endpoint.trim_start_matches('/'))
}

/// `{type: api_key, apiKey: …}`; a text is the same as JSON.
fn authorization(auth: Option<&Json>) -> Result<Option<(String, String)>, String> {
    let parsed = auth.and_then(Json::as_str).and_then(|it| serde_json::from_str(it).ok());
    let Some(auth) = parsed.as_ref().or(auth).and_then(Json::as_object) else { return Ok(None) };
    let text = |names: &[&str]| names.iter().find_map(|it| auth.get(*it).and_then(Json::as_str));
    match text(&["type"]) {
        None => Ok(None),
        Some("api_key") => {
            let key = text(&["apiKey", "apikey", "api_key"]).ok_or("`auth` of type `api_key` has no `apiKey`")?;
            Ok(Some(("Authorization".to_owned(), format!("Bearer {key}"))))
        }
        Some(other) => Err(format!("`auth` of type `{other}` is not available; use `api_key`")),
    }
}

/// Posts what it is given, until it is dropped; then waits until all is posted, and says if something was not.
pub(super) struct Poster {
    events: Mutex<Option<Sender<Vec<u8>>>>,
    thread: Option<JoinHandle<Option<Undelivered>>>,
    console: Console,
    is_compressed: bool,
}

impl Poster {
    pub(super) fn start(http: Http, authorities: Authorities, console: Console) -> Poster {
        let (sender, receiver) = channel();
        let is_compressed = http.is_compressed;
        let thread = std::thread::Builder::new()
            .name("openlineage".to_owned())
            .spawn(move || deliver(&http, authorities, &receiver));
        Poster { events: Mutex::new(Some(sender)), thread: thread.ok(), console, is_compressed }
    }

    /// Hands an event on.
    pub(super) fn post(&self, event: &Json) {
        let body = event.to_string().into_bytes();
        let body = if self.is_compressed { compressed(&body).unwrap_or(body) } else { body };
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        // A thread that has ended has said why.
        let _ = events.as_ref().map(|it| it.send(body));
    }
}

/// After an event that can't be delivered none is tried: a server that is not there would hold the command up once for
/// each. Gives why.
fn deliver(http: &Http, authorities: Authorities, events: &Receiver<Vec<u8>>) -> Option<Undelivered> {
    let client = Client::new(http.timeout, authorities);
    events.iter().find_map(|body| client.post(&http.post, &body).err())
}

fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(3));
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

impl Drop for Poster {
    fn drop(&mut self) {
        drop(self.events.lock().unwrap_or_else(PoisonError::into_inner).take());
        let ended = self.thread.take().and_then(|it| it.join().ok()).flatten();
        if let Some(error) = ended {
            self.console.say(&format!("OpenLineage: an event was not delivered: {error}; none is sent after it"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn endpoints_are_relative_to_the_url() {
        let joined = [
            ("http://a:5000", "api/v1/lineage"),
            ("http://a:5000/", "api/v1/lineage"),
            ("https://a/b/c", "api/v1/lineage"),
            ("https://a/b/c/", "d"),
            ("https://a/b", "/d"),
        ]
        .map(|(url, endpoint)| joined(url, endpoint));
        let expected = [
            "http://a:5000/api/v1/lineage",
            "http://a:5000/api/v1/lineage",
            "https://a/b/api/v1/lineage",
            "https://a/b/c/d",
            "https://a/d",
        ];
        assert_eq!(joined, expected);
    }

    #[test]
    fn options_are_those_of_the_client() {
        let read = |options: Json| Http::read(options.as_object().unwrap()).map(|it| it.post.headers);
        let with_key = read(json!({"url": "http://a", "auth": r#"{"type": "api_key", "apiKey": "k"}"#})).unwrap();
        assert_eq!(with_key[1], ("Authorization".to_owned(), "Bearer k".to_owned()));
        assert!(read(json!({"url": "http://a", "verify": "False"})).is_err());
        assert!(read(json!({"url": "http://a", "auth": {"type": "custom.Class"}})).is_err());
        assert!(read(json!({})).is_err());
    }
}
