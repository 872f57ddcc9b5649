//! A small HTTP server on this machine: it answers as it is told, and keeps what it was sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libtest_mimic::Failed;
use tempfile::TempDir;

use crate::certificates::Certificates;

/// A part of every URL that must never be seen anywhere.
pub(super) const SECRET: &str = "T0SECRET/B0SECRET/xoxSECRET";

/// What was sent: the path, the headers in lower case, the body.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) path: String,
    pub(super) headers: Vec<String>,
    pub(super) body: Vec<u8>,
}

/// The server, until the process ends.
pub(super) struct Server {
    /// Where it is.
    pub(super) address: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// Answers with these statuses in order, and then always with the last one.
    pub(super) fn start(statuses: &'static [u16]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that has gone away is no reason to end.
                let _ = answer(stream.unwrap(), statuses, &kept);
            }
        });
        Server { address, received }
    }

    pub(super) fn received(&self) -> Vec<Received> {
        lock(&self.received).clone()
    }
}

fn lock(received: &Mutex<Vec<Received>>) -> MutexGuard<'_, Vec<Received>> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One request for each connection.
fn answer(mut stream: TcpStream, statuses: &[u16], kept: &Mutex<Vec<Received>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim() {
            "" => break,
            header => headers.push(header.to_lowercase()),
        }
    }
    let length = headers.iter().find_map(|it| it.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let status = {
        let mut kept = lock(kept);
        kept.push(Received { path, headers, body });
        statuses.get(kept.len() - 1).or(statuses.last()).copied().unwrap_or(200)
    };
    write!(stream, "HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// A server that speaks TLS and answers everything with 200: Python's, because there is nothing here that could.
pub(super) struct SecureServer {
    pub(super) port: u16,
    process: Child,
    certificates: TempDir,
}

const SECURE: &str = "
import http.server, ssl, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
";

impl SecureServer {
    pub(super) fn start() -> Result<SecureServer, Failed> {
        let certificates = tempfile::tempdir()?;
        let [authority, server] = ["authority.pem", "server.pem"].map(|it| certificates.path().join(it));
        Certificates::of("localhost")?.write(&authority, &server)?;
        let python = std::env::var_os("ARROWMILL_TEST_PYTHON").unwrap_or_else(|| "python3".into());
        let mut command = Command::new(python);
        command.args(["-c", SECURE]).arg(server).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line)?;
        Ok(SecureServer { port: line.trim().parse()?, process, certificates })
    }

    /// The file of the authority that vouches for it.
    pub(super) fn authority(&self) -> String {
        self.certificates.path().join("authority.pem").to_string_lossy().into_owned()
    }
}

impl Drop for SecureServer {
    fn drop(&mut self) {
        // It has nothing to lose, and may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
