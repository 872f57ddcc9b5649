//! Files in an object store, with a server of its protocol on this machine: sources, raw files, and what goes wrong.
//!
//! The server is `s3s-fs`, named by `ARROWMILL_TEST_S3`, or in the folder of programs that `cargo install` fills. Where there
//! is none these trials are left out, but not in CI.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use tempfile::TempDir;

const SECRET: &str = "wJalrXUtnFEMI";

pub(crate) fn trials() -> Vec<Trial> {
    let trials = [
        Trial::test("stores::sources_are_read_where_they_lie", read),
        Trial::test("stores::raw_files_are_taken_in", take_in),
        Trial::test("stores::what_goes_wrong_is_said", mistakes),
    ];
    let is_left_out = program().is_none() && std::env::var_os("CI").is_none();
    trials.into_iter().map(|it| it.with_ignored_flag(is_left_out)).collect()
}

fn program() -> Option<PathBuf> {
    let named = std::env::var_os("ARROWMILL_TEST_S3").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|it| PathBuf::from(it).join(".cargo/bin/s3s-fs"));
    named.or(home).filter(|it| it.exists())
}

/// A server and a project beside it.
struct Store {
    folder: TempDir,
    server: Child,
    port: u16,
}

impl Store {
    fn start(sources: &str) -> Result<Store, Failed> {
        let program = program().ok_or("there is no S3 server: `cargo install s3s-fs --features binary --locked`")?;
        let folder = tempfile::Builder::new().prefix("arrowmill-store-").tempdir()?;
        for path in ["store/shop/orders", "project/models"] {
            fs::create_dir_all(folder.path().join(path))?;
        }
        fs::write(folder.path().join("project/dbt_project.yml"), "name: shop\n")?;
        fs::write(folder.path().join("project/models/sources.yml"), sources)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(program);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--access-key", "tester"]);
        command.args(["--secret-key", SECRET]).arg(folder.path().join("store"));
        let server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let store = Store { folder, server, port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > Duration::from_secs(10) {
                return Err("the S3 server does not answer".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(store)
    }

    fn put(&self, path: &str, text: &str) -> Result<(), Failed> {
        Ok(fs::write(self.folder.path().join("store").join(path), text)?)
    }

    /// What a command says, on both streams; it must end so.
    fn run(&self, arguments: &[&str], secret: &str, port: u16, code: i32) -> Result<String, Failed> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arrowmill"));
        command.args(arguments).current_dir(self.folder.path().join("project")).stdin(Stdio::null());
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")).env("AWS_ALLOW_HTTP", "true");
        command.env("AWS_ACCESS_KEY_ID", "tester").env("AWS_SECRET_ACCESS_KEY", secret).env("AWS_REGION", "us-east-1");
        let output = command.output()?;
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match output.status.code() == Some(code) && !printed.contains(SECRET) {
            true => Ok(printed),
            false => Err(format!("{arguments:?} ended with {:?}: {printed}", output.status.code()).into()),
        }
    }

    fn says(&self, arguments: &[&str], words: &[&str]) -> Result<(), Failed> {
        contains(&self.run(arguments, SECRET, self.port, 0)?, words)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // It has nothing to lose, and may be gone already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn contains(printed: &str, words: &[&str]) -> Result<(), Failed> {
    match words.iter().find(|it| !printed.contains(**it)) {
        None => Ok(()),
        Some(missing) => Err(format!("does not say `{missing}`: {printed}").into()),
    }
}

const SOURCES: &str = "
sources:
  - name: shop
    meta: {external_location: \"s3://shop/{name}/*.csv\"}
    tables:
      - name: orders
";

fn read() -> Result<(), Failed> {
    let store = Store::start(SOURCES)?;
    store.put("shop/orders/a.csv", "id,amount\n1,10\n2,20\n")?;
    store.put("shop/orders/b.csv", "id,amount\n3,30\n")?;
    let model = "{{ config(materialized='table') }} select sum(amount) as total from {{ source('shop', 'orders') }}";
    fs::write(store.folder.path().join("project/models/totals.sql"), model)?;
    let show = ["show", "--quiet", "--output", "csv", "--inline", "select total from {{ ref('totals') }}"];
    store.says(&["run"], &["1 success"])?;
    store.says(&show, &["60"])?;
    // Nothing has changed, and then something has.
    store.says(&["run"], &["1 reused"])?;
    store.put("shop/orders/b.csv", "id,amount\n3,31\n")?;
    store.says(&["run"], &["1 success"])?;
    store.says(&show, &["61"])
}

fn take_in() -> Result<(), Failed> {
    let store = Store::start(
        "
sources:
  - name: shop
    tables:
      - name: orders
        meta: {ingest: {location: \"s3://shop/orders/*.csv\", key: id, max_error_rate: 0.5}}
        columns:
          - {name: id, data_type: bigint}
          - {name: amount, data_type: double, meta: {rules: [range: {min: 0}]}}
  - name: arrowmill
    tables: [{name: pipeline_logs}]
",
    )?;
    store.put("shop/orders/a.csv", "id,amount\n1,10\n2,-20\n3,30\n")?;
    store.says(&["ingest"], &["s3://shop/orders/a.csv", "3 rows: 2 valid, 1 invalid"])?;
    store.put("shop/orders/b.csv", "id,amount\n3,30\n4,40\n")?;
    store.says(&["ingest"], &["taken before", "2 rows: 1 valid, 1 duplicate"])?;
    let files = "select file, rows_valid from {{ source('arrowmill', 'pipeline_logs') }} order by file";
    let rows = "s3://shop/orders/a.csv,2\ns3://shop/orders/b.csv,1";
    store.says(&["show", "--quiet", "--output", "csv", "--inline", files], &[rows])?;
    let bad = fs::read_to_string(store.folder.path().join("project/quarantine/shop/orders/a.csv_errors.csv"))?;
    contains(&bad, &["\n2,\"2,-20\",\"amount.range"])
}

fn mistakes() -> Result<(), Failed> {
    let store = Store::start(SOURCES)?;
    let model = "select * from {{ source('shop', 'orders') }}";
    fs::write(store.folder.path().join("project/models/orders.sql"), model)?;
    let printed = store.run(&["check"], SECRET, store.port, 1)?;
    contains(&printed, &["there are no files for source `shop.orders` at `s3://shop/orders/*.csv`"])?;
    store.put("shop/orders/a.csv", "id\n1\n")?;
    let unlisted = "the files of source `shop.orders` at `s3://shop/orders/*.csv` can't be listed";
    contains(&store.run(&["check"], "wrong", store.port, 1)?, &[unlisted, "AWS_"])?;
    let begun = Instant::now();
    contains(&store.run(&["check"], SECRET, 1, 1)?, &[unlisted, "AWS_"])?;
    match begun.elapsed() < Duration::from_secs(40) {
        true => Ok(()),
        false => Err(format!("it took {:?} to see that there is no server", begun.elapsed()).into()),
    }
}
