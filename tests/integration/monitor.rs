//! What goes over the network, with a real server on this machine: webhooks of `monitor`, and OpenLineage's events.
//! What must never be seen, the URL of a webhook, is looked for in all that a command prints and writes.

mod server;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;

use self::server::{SECRET, SecureServer, Server};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("monitor::a_webhook_that_fails_first_is_tried_again", tried_again),
        Trial::test("monitor::the_url_of_a_webhook_is_never_seen", never_seen),
        Trial::test("monitor::nothing_is_posted_where_all_is_well", nothing_to_post),
        Trial::test("monitor::a_variable_that_is_not_set_is_told", not_set),
        Trial::test("monitor::who_a_server_is_is_asked_of_those_who_are_believed", secure),
        Trial::test("monitor::kills_lose_no_measures", kills_lose_no_measures),
        Trial::test("monitor::openlineage_events_reach_a_server", openlineage_events),
        Trial::test("monitor::a_server_that_is_not_there_fails_no_run", openlineage_without_server),
    ]
}

/// How often a run is killed.
const KILLS: u32 = 20;

const MONITORS: &str = "
monitors:
  - name: revenue_is_there
    bounds: {relation: ref('orders'), expression: sum(amount) < 0}
  - name: orders_are_there
    bounds: {relation: ref('orders'), expression: count(*) > 0}
";

/// A project with a monitor that fails and one that does not.
fn project(flags: &str) -> Result<TempDir, Failed> {
    let folder = tempfile::Builder::new().prefix("arrowmill-monitor-").tempdir()?;
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap())?;
        fs::write(path, text)
    };
    write("dbt_project.yml", &format!("name: shop\nflags: {{{flags}}}\n"))?;
    write("models/orders.sql", "{{ config(materialized='table') }} select 1 as id, 10 as amount")?;
    write("models/monitors.yml", MONITORS)?;
    expect(&run(folder.path(), &["run"], &[])?, 0)?;
    Ok(folder)
}

fn run(project: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Output, Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arrowmill"));
    command.args(arguments).current_dir(project).envs(environment.iter().copied()).env("HOME", project);
    // A proxy is not for what is on this machine.
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        command.env_remove(name);
    }
    Ok(command.output()?)
}

fn expect(output: &Output, code: i32) -> Result<String, Failed> {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    if output.status.code() == Some(code) { Ok(text) } else { Err(format!("{}:\n{text}", output.status).into()) }
}

fn holds(what: bool, about: &str) -> Result<(), Failed> {
    if what { Ok(()) } else { Err(about.to_owned().into()) }
}

fn tried_again() -> Result<(), Failed> {
    let project = project("")?;
    let server = Server::start(&[500, 429, 200]);
    let url = format!("http://{}/services/{SECRET}", server.address);
    let arguments = ["monitor", "--webhook-url-env", "CHAT"];
    let printed = expect(&run(project.path(), &arguments, &[("CHAT", &url)])?, 1)?;
    holds(printed.contains("posted to the URL in `CHAT`, at attempt 3"), &printed)?;
    let received = server.received();
    holds(received.len() == 3, &format!("{received:?}"))?;
    for one in &received {
        holds(one.path == format!("/services/{SECRET}"), &one.path)?;
        holds(one.headers.iter().any(|it| it.starts_with("content-type: application/json")), &format!("{one:?}"))?;
        let message: Value = serde_json::from_slice(&one.body)?;
        let text = message["text"].as_str().unwrap_or_default();
        holds(text.contains("*revenue_is_there* fail: sum(amount) &lt; 0 of orders: false"), text)?;
        holds(!text.contains("orders_are_there"), text)?;
    }
    Ok(())
}

/// In all forms of output, of all levels, and in every file; when it is delivered, refused, and when nobody answers.
fn never_seen() -> Result<(), Failed> {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let (good, refusing) = (Server::start(&[200]), Server::start(&[404]));
    for address in [&good.address, &refusing.address, &nobody] {
        let project = project("webhook_url_env: CHAT")?;
        let url = format!("http://{address}/services/{SECRET}");
        for form in ["text", "json"] {
            let arguments = ["--log-format", form, "--log-level", "debug", "--log-level-file", "debug", "monitor"];
            let output = run(project.path(), &arguments, &[("CHAT", url.as_str())])?;
            let mut seen = expect(&output, 1)?;
            if address != &good.address {
                holds(seen.contains("not posted to the URL in `CHAT`"), &seen)?;
            }
            let mut folders = vec![project.path().to_owned()];
            while let Some(folder) = folders.pop() {
                for entry in fs::read_dir(folder)? {
                    let path = entry?.path();
                    match path.is_dir() {
                        true => folders.push(path),
                        false => seen += &String::from_utf8_lossy(&fs::read(path)?),
                    }
                }
            }
            holds(!seen.contains("SECRET") && !seen.contains(address.as_str()), &seen)?;
        }
    }
    holds(
        good.received().len() == 2 && refusing.received().len() == 2,
        "each run posts once where it need not try again",
    )
}

fn nothing_to_post() -> Result<(), Failed> {
    let project = project("webhook_url_env: CHAT")?;
    let server = Server::start(&[200]);
    let url = format!("http://{}/{SECRET}", server.address);
    let arguments = ["monitor", "--select", "orders_are_there"];
    expect(&run(project.path(), &arguments, &[("CHAT", &url)])?, 0)?;
    holds(server.received().is_empty(), "all is well, and something was posted")?;
    let always = [&arguments[..], &["--webhook-when", "always"]].concat();
    expect(&run(project.path(), &always, &[("CHAT", &url)])?, 0)?;
    holds(server.received().len() == 1, "nothing was posted")
}

fn not_set() -> Result<(), Failed> {
    let project = project("webhook_url_env: CHAT")?;
    let printed = expect(&run(project.path(), &["monitor"], &[])?, 1)?;
    holds(printed.contains("note: nothing is posted: the environment variable `CHAT` is not set"), &printed)?;
    let printed = expect(&run(project.path(), &["monitor", "--webhook-url-env", "OTHER"], &[])?, 2)?;
    holds(printed.contains("the environment variable `OTHER` is not set"), &printed)
}

/// A server with a certificate of an authority that only `SSL_CERT_FILE` knows.
fn secure() -> Result<(), Failed> {
    let project = project("")?;
    let server = SecureServer::start()?;
    let url = format!("https://localhost:{}/{SECRET}", server.port);
    let arguments = ["monitor", "--webhook-url-env", "CHAT"];
    let known = server.authority();
    let printed = expect(&run(project.path(), &arguments, &[("CHAT", &url), ("SSL_CERT_FILE", &known)])?, 1)?;
    holds(printed.contains("posted to the URL in `CHAT`\n"), &printed)?;
    let printed = expect(&run(project.path(), &arguments, &[("CHAT", &url)])?, 1)?;
    holds(printed.contains("not posted to the URL in `CHAT`: the secure connection failed"), &printed)?;
    holds(!printed.contains("SECRET"), &printed)?;
    let none = project.path().join("dbt_project.yml");
    let none = [("CHAT", url.as_str()), ("SSL_CERT_FILE", none.to_str().unwrap())];
    let printed = expect(&run(project.path(), &arguments, &none)?, 1)?;
    holds(printed.contains("there are no certificates in it"), &printed)
}

/// Killed at moments all through a run, the table of measures has all rows of before, and those of the run or none.
fn kills_lose_no_measures() -> Result<(), Failed> {
    let project = project("")?;
    let began = Instant::now();
    expect(&run(project.path(), &["monitor"], &[])?, 1)?;
    let duration = began.elapsed();
    let mut rows = kept(project.path())?;
    holds(rows == 2, &format!("{rows} rows after one run"))?;
    for moment in 0..KILLS {
        let mut monitor = Command::new(env!("CARGO_BIN_EXE_arrowmill"));
        let mut monitor = monitor.arg("monitor").current_dir(project.path()).stdout(Stdio::null()).spawn()?;
        std::thread::sleep(duration.mul_f64(f64::from(moment) / f64::from(KILLS - 1)));
        monitor.kill()?;
        monitor.wait()?;
        let now = kept(project.path())?;
        holds(now == rows || now == rows + 2, &format!("{now} rows after a kill, {rows} before it"))?;
        rows = now;
    }
    expect(&run(project.path(), &["monitor"], &[])?, 1)?;
    holds(kept(project.path())? == rows + 2, "the next run adds nothing")
}

/// How many measures there are; each run has two.
fn kept(project: &Path) -> Result<i64, Failed> {
    let query = "select count(*) as rows, count(distinct run_id) as runs from arrowmill.monitor_history";
    let output = run(project, &["show", "--inline", query, "--output", "json"], &[])?;
    let found: Value = serde_json::from_str(&expect(&output, 0)?)?;
    let number = |name: &str| found[0][name].as_i64().unwrap_or(-1);
    holds(number("rows") == 2 * number("runs"), &format!("half of a run: {found}"))?;
    Ok(number("rows"))
}

fn openlineage_events() -> Result<(), Failed> {
    let project = project("")?;
    let server = Server::start(&[503, 201]);
    let url = format!("http://{}", server.address);
    let environment = [("OPENLINEAGE_URL", url.as_str()), ("OPENLINEAGE_API_KEY", SECRET)];
    let printed = expect(&run(project.path(), &["run", "--full-refresh"], &environment)?, 0)?;
    holds(!printed.contains("OpenLineage") && !printed.contains("SECRET"), &printed)?;
    let received = server.received();
    let kinds: Vec<String> = received
        .iter()
        .map(|it| serde_json::from_slice::<Value>(&it.body).unwrap()["eventType"].as_str().unwrap_or("?").to_owned())
        .collect();
    // The first was refused once; all come in their order.
    holds(kinds == ["START", "START", "START", "COMPLETE", "COMPLETE"], &format!("{kinds:?}"))?;
    for one in &received {
        holds(one.path == "/api/v1/lineage", &one.path)?;
        let bearer = format!("authorization: bearer {}", SECRET.to_lowercase());
        holds(one.headers.contains(&bearer), &format!("{:?}", one.headers))?;
    }
    Ok(())
}

fn openlineage_without_server() -> Result<(), Failed> {
    let project = project("")?;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let url = format!("http://{nobody}/");
    let printed = expect(
        &run(
            project.path(),
            &["run"],
            &[("OPENLINEAGE__TRANSPORT__TYPE", "http"), ("OPENLINEAGE__TRANSPORT__URL", &url)],
        )?,
        0,
    )?;
    holds(printed.matches("OpenLineage: an event was not delivered").count() == 1, &printed)?;
    holds(!printed.contains(&nobody), &printed)
}
