//! What is served over HTTP: the real command, asked by a plain client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use libtest_mimic::{Failed, Trial};

use crate::killing::interrupt;

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("serving::the_documentation_page", serve_docs)]
}

fn serve_docs() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("dbt_project.yml"), "name: served\n")?;
    std::fs::create_dir(folder.path().join("models"))?;
    std::fs::write(folder.path().join("models/one.sql"), "select 1 as n")?;
    std::fs::write(folder.path().join("secret.txt"), "secret")?;
    let early = serve(folder.path(), "0")?.wait_with_output()?;
    let errors = String::from_utf8_lossy(&early.stderr).into_owned();
    if early.status.code() != Some(2) || !errors.contains("make it with `arrowmill docs generate`") {
        return Err(format!("without a page it ended with {} and said: {errors}", early.status).into());
    }
    let generate = Command::new(env!("CARGO_BIN_EXE_arrowmill"))
        .args(["docs", "generate", "--quiet"])
        .current_dir(folder.path())
        .status()?;
    if !generate.success() {
        return Err("no page was made".into());
    }

    let mut server = serve(folder.path(), "0")?;
    let mut said = String::new();
    BufReader::new(server.stdout.as_mut().ok_or("no output")?).read_line(&mut said)?;
    let address = said.trim().rsplit_once("http://").and_then(|it| it.1.strip_suffix('/'));
    let address = address.ok_or_else(|| format!("no address: {said}"))?.to_owned();
    let pages = ["/", "/manifest.json", "/../secret.txt", "/%2e%2e/secret.txt", "/missing"];
    let asked: std::io::Result<Vec<String>> = pages.iter().map(|it| get(&address, it)).collect();
    let port = address.rsplit_once(':').map_or("", |it| it.1).to_owned();
    let taken = serve(folder.path(), &port)?.wait_with_output()?;
    interrupt(&server)?;
    let ended = server.wait()?;

    let answers = asked?;
    for (answer, status, part) in [
        (&answers[0], "200", "text/html"),
        (&answers[1], "200", "\"model.served.one\""),
        (&answers[2], "404", ""),
        (&answers[3], "404", ""),
        (&answers[4], "404", ""),
    ] {
        if !answer.starts_with(&format!("HTTP/1.1 {status}")) || !answer.contains(part) || answer.contains("secret") {
            return Err(format!("expected {status} with `{part}`: {answer}").into());
        }
    }
    let errors = String::from_utf8_lossy(&taken.stderr).into_owned();
    if taken.status.code() != Some(2) || !errors.contains("is taken") {
        return Err(format!("with a taken port it ended with {} and said: {errors}", taken.status).into());
    }
    if ended.code() != Some(0) {
        return Err(format!("after Ctrl-C it ended with {ended}").into());
    }
    Ok(())
}

fn serve(folder: &Path, port: &str) -> std::io::Result<Child> {
    Command::new(env!("CARGO_BIN_EXE_arrowmill"))
        .args(["docs", "serve", "--no-browser", "--port", port])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

fn get(address: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
