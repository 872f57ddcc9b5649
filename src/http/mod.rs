//! The only user of the network: a body posted to a URL, and tried again where that may help.
//! A URL may be a secret, as those of webhooks are: what is said of a failure never has any part of it.

use std::io::ErrorKind;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// Longest that a server may make us wait before the next attempt.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What is posted, and where to.
#[derive(Clone)]
pub struct Post {
    /// `http://…` or `https://…`.
    pub url: String,
    /// Names and values, the type of the body among them.
    pub headers: Vec<(String, String)>,
    /// How long to wait before each further attempt; none: there is only one attempt.
    pub waits: Vec<Duration>,
}

/// A client that keeps its connections.
pub struct Client {
    agent: Agent,
    timeout: Duration,
}

/// What could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}{}", attempts(*tried))]
pub struct Undelivered {
    /// How often it was tried.
    pub tried: usize,
    /// What became of the last attempt.
    pub why: String,
}

fn attempts(tried: usize) -> String {
    if tried > 1 { format!(", after {tried} attempts") } else { String::new() }
}

/// How one attempt went wrong.
struct Failure {
    why: String,
    /// Whether another attempt may go better.
    may_pass: bool,
    /// What the server says of when to come again.
    after: Option<Duration>,
}

/// Whose word is taken for who a server is.
#[derive(Clone, Default)]
pub struct Authorities {
    roots: Option<RootCerts>,
}

impl Authorities {
    /// Those of a PEM file, instead of the well-known ones.
    ///
    /// # Errors
    /// There are none in it.
    pub fn of_pem(text: &[u8]) -> Result<Authorities, String> {
        let certificate = |item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        };
        let certificates: Vec<_> = parse_pem(text).filter_map(certificate).collect();
        match certificates.is_empty() {
            true => Err("there are no certificates in it".to_owned()),
            false => Ok(Authorities { roots: Some(RootCerts::new_with_certs(&certificates)) }),
        }
    }
}

impl Client {
    /// One that gives a server this long to answer.
    pub fn new(timeout: Duration, authorities: Authorities) -> Client {
        let roots = authorities.roots.unwrap_or(RootCerts::WebPki);
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            // What a server answers is looked at here, so that its words never are an error's.
            .http_status_as_error(false)
            // A body that is sent to another place than the one that was named may be one too many.
            .max_redirects(0)
            .user_agent(concat!("arrowmill/", env!("CARGO_PKG_VERSION")))
            .build();
        Client { agent: config.into(), timeout }
    }

    /// Posts a body, and gives the number of attempts that it took. Waits on the calling thread.
    ///
    /// # Errors
    /// What became of the last attempt.
    pub fn post(&self, post: &Post, body: &[u8]) -> Result<usize, Undelivered> {
        let mut waits = post.waits.iter();
        let mut tried = 0;
        loop {
            tried += 1;
            let failure = match self.try_once(post, body) {
                Ok(()) => return Ok(tried),
                Err(failure) => failure,
            };
            let wait = waits.next().filter(|_| failure.may_pass);
            let Some(wait) = wait else { return Err(Undelivered { tried, why: failure.why }) };
            std::thread::sleep(failure.after.unwrap_or(*wait).min(LONGEST_WAIT));
        }
    }

    fn try_once(&self, post: &Post, body: &[u8]) -> Result<(), Failure> {
        let mut request = self.agent.post(&post.url);
        for (name, value) in &post.headers {
            request = request.header(name, value);
        }
        let answer = request.send(body).map_err(|error| self.failure(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let after = answer.headers().get("retry-after").and_then(|it| it.to_str().ok()?.trim().parse().ok());
        let may_pass = matches!(status.as_u16(), 408 | 425 | 429) || status.is_server_error();
        Err(Failure {
            why: format!("the server answered with status {}", status.as_u16()),
            may_pass,
            after: after.map(Duration::from_secs),
        })
    }

    /// Our own words: the client's may have the URL in them.
    fn failure(&self, error: &ureq::Error) -> Failure {
        let (why, may_pass) = match error {
            ureq::Error::Timeout(_) => (format!("there was no answer within {} s", self.timeout.as_secs_f64()), true),
            ureq::Error::HostNotFound => ("its host is not found".to_owned(), true),
            ureq::Error::ConnectionFailed => ("there is no connection to it".to_owned(), true),
            // That is how the handshake says that a certificate is not to be trusted.
            ureq::Error::Io(error) if error.kind() == ErrorKind::InvalidData => {
                ("the secure connection failed".to_owned(), false)
            }
            ureq::Error::Io(error) => (error.kind().to_string(), true),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => ("it is no URL, or a header is none".to_owned(), false),
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) => ("the secure connection failed".to_owned(), false),
            _ => ("the request failed".to_owned(), true),
        };
        Failure { why, may_pass, after: None }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    use super::*;

    /// A server that gives these answers, one for each request, and then the bodies that it was sent.
    fn server(answers: &'static [&'static str]) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/services/T000/s3cret", listener.local_addr().unwrap());
        let serve = move || {
            let mut bodies = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    let lowered = line.to_lowercase();
                    length = lowered.strip_prefix("content-length:").map_or(length, |it| it.trim().parse().unwrap());
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                bodies.push(String::from_utf8(body).unwrap());
                write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            }
            bodies
        };
        (url, std::thread::spawn(serve))
    }

    fn post(url: &str) -> Post {
        let waits = vec![Duration::from_millis(1); 3];
        Post { url: url.to_owned(), headers: vec![("Content-Type".to_owned(), "application/json".to_owned())], waits }
    }

    fn client() -> Client {
        Client::new(Duration::from_secs(5), Authorities::default())
    }

    #[test]
    fn a_server_that_comes_to_itself_gets_the_body_in_the_end() {
        let (url, bodies) = server(&["500 Oh no", "429 Slow down\r\nRetry-After: 0", "200 OK"]);
        assert_eq!(client().post(&post(&url), b"{}"), Ok(3));
        assert_eq!(bodies.join().unwrap(), ["{}", "{}", "{}"]);
    }

    #[test]
    fn what_is_refused_is_not_tried_again() {
        let (url, bodies) = server(&["404 No such hook"]);
        let error = client().post(&post(&url), b"{}").unwrap_err();
        assert_eq!(error.to_string(), "the server answered with status 404");
        bodies.join().unwrap();
    }

    #[test]
    fn a_redirect_is_no_delivery() {
        let (url, bodies) = server(&["302 Found\r\nLocation: /elsewhere"]);
        assert_eq!(client().post(&post(&url), b"{}").unwrap_err().tried, 1);
        bodies.join().unwrap();
    }

    #[test]
    fn no_failure_names_the_url() {
        let (url, bodies) = server(&["503 a", "503 b", "503 c", "503 d"]);
        let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        for url in
            [url.as_str(), &format!("http://{unused}/s3cret"), "s3cret", "http://s3cret.invalid/x", "http:// s3cret"]
        {
            let error = client().post(&post(url), b"{}").unwrap_err();
            let said = format!("{error} {error:?}");
            assert!(!said.contains("s3cret") && !said.contains("127.0.0.1"), "{said}");
        }
        bodies.join().unwrap();
    }
}
