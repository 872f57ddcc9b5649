//! Rows of a PostgreSQL server, the real one, as events: those that are new, each once, whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use libtest_mimic::Failed;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde_json::Value;
use tempfile::TempDir;

use super::postgres::{PASSWORD, Postgres};
use super::seed;

/// How often an ingest is killed.
const KILLS: usize = 20;

const EVENTS: &str = "
create table events (
    id bigint primary key, at timestamptz, name text, amount numeric(10, 2), properties jsonb, notes json, day date
);
";

const SOURCES: &str = "
sources:
  - name: shop
    tables:
      - name: events
        meta:
          ingest: {location_env: SHOP_URL, table: public.events, max_error_rate: 0.5, [more]}
        columns:
          - {name: id, data_type: bigint, meta: {rules: [not_null]}}
          - {name: at, data_type: timestamp}
          - {name: name, data_type: varchar, meta: {rules: [accepted_values: [seen, bought, \"it's \\\"odd\\\"\"]]}}
          - {name: amount, data_type: 'decimal(10, 2)', meta: {rules: [range: {min: 0}]}}
          - {name: properties, data_type: varchar, meta: {rules: [json: {paths: [\"$.page\"]}]}}
          - {name: notes, data_type: varchar}
          - {name: day, data_type: date}
  - name: arrowmill
    tables: [{name: pipeline_logs}]
";

/// A project that reads a server.
struct Shop(TempDir);

impl Shop {
    fn new(more: &str) -> Result<Shop, Failed> {
        let shop = Shop(tempfile::Builder::new().prefix("arrowmill-shop-").tempdir()?);
        fs::create_dir(shop.0.path().join("models"))?;
        fs::write(shop.0.path().join("dbt_project.yml"), "name: shop\n")?;
        fs::write(shop.0.path().join("models/sources.yml"), SOURCES.replace("[more]", more))?;
        Ok(shop)
    }

    fn command(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arrowmill"));
        command.args(arguments).current_dir(self.0.path()).stdin(Stdio::null());
        command.envs(environment.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, url: &str) -> Result<Child, Failed> {
        Ok(self.command(&["ingest"], &[("SHOP_URL", url)]).spawn()?)
    }

    /// What it says, on both streams; it must end so.
    fn run(&self, arguments: &[&str], environment: &[(&str, &str)], code: i32) -> Result<String, Failed> {
        let output = self.command(arguments, environment).output()?;
        let printed = both(&output);
        match output.status.code() == Some(code) {
            true => Ok(printed),
            false => Err(format!("{arguments:?} ended with {:?}: {printed}", output.status.code()).into()),
        }
    }

    fn ingest(&self, url: &str) -> Result<String, Failed> {
        self.run(&["ingest"], &[("SHOP_URL", url)], 0)
    }

    fn query(&self, sql: &str) -> Result<Vec<Value>, Failed> {
        let arguments = ["show", "--quiet", "--limit", "-1", "--output", "json", "--inline", sql];
        let output = self.command(&arguments, &[]).output()?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let start = printed.find(['[', '{']).ok_or_else(|| both(&output))?;
        let value: Value = serde_json::from_str(&printed[start..])?;
        Ok(if value.is_array() { value } else { value["show"].clone() }.as_array().cloned().unwrap_or_default())
    }

    fn ids(&self) -> Result<Vec<i64>, Failed> {
        let rows = self.query("select id from {{ source('shop', 'events') }} order by id")?;
        Ok(rows.iter().filter_map(|it| it["id"].as_i64()).collect())
    }

    /// Rows read, valid, invalid and duplicate of each pull, the first one first.
    fn audit(&self) -> Result<Vec<[i64; 4]>, Failed> {
        let sql = "select rows_read, rows_valid, rows_invalid, rows_duplicate \
                   from {{ source('arrowmill', 'pipeline_logs') }} order by ingested_at";
        let count = |row: &Value, key: &str| row[key].as_i64().unwrap_or(-1);
        let keys = ["rows_read", "rows_valid", "rows_invalid", "rows_duplicate"];
        Ok(self.query(sql)?.iter().map(|row| keys.map(|it| count(row, it))).collect())
    }
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn equal<T: PartialEq + std::fmt::Debug>(found: T, expected: T, what: &str) -> Result<(), Failed> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?}, should be {expected:?}").into()) }
}

fn says(printed: &str, words: &str) -> Result<(), Failed> {
    if printed.contains(words) { Ok(()) } else { Err(format!("does not say `{words}`: {printed}").into()) }
}

/// What is new by a growing number: each row once, its values as the server has them, bad ones apart.
pub(super) fn new_by_number() -> Result<(), Failed> {
    let server = Postgres::start()?;
    let url = server.url(PASSWORD, "");
    let shop = Shop::new("cursor: id")?;
    server.sql(EVENTS)?;
    says(&shop.ingest(&url)?, "nothing new")?;
    server.sql(
        r#"insert into events
        select id, '2026-01-01 00:00:00.123456+02'::timestamptz + id * interval '1 hour', 'seen', id / 3.0,
               jsonb_build_object('page', '/' || id, 'tags', array['ä', '"']),
               E'{"a":\n  [1,\r\n 2]}'::json, date '2026-01-01' + id::int
        from generate_series(1, 1000) as it(id);
        insert into events values
            (1001, null, E'it''s "odd"', null, '{"page": null, "n": 1}', null, null),
            (1002, '2026-02-01 00:00:00Z', E'a\nline', -1, '{}', null, null),
            (1003, 'infinity', null, 12345678.90, '{"page": {"deep": 1.50}}', '"text"', '2026-02-01');"#,
    )?;
    shop.ingest(&url)?;
    equal(shop.audit()?, vec![[1003, 1000, 3, 0]], "the first pull")?;
    let quarantine = fs::read_to_string(shop.0.path().join("quarantine/shop/events/public.events_errors.csv"))?;
    says(&quarantine, r#""{""id"":1002,""at"":""2026-02-01T00:00:00+00:00"",""name"":""a\nline"",""amount"":-1.00"#)?;
    for reason in ["properties.json", "name.accepted_values", "amount.range", "at.type"] {
        says(&quarantine, reason)?;
    }
    // The engine's rows and the server's, as texts.
    let of_server = server.sql(
        "select id || '|' || to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '|' || amount || '|' || \
         (properties->>'page') || '|' || day from events where id <= 1000 order by id",
    )?;
    let rows = shop.query(
        "select id || '|' || to_char(at, '%Y-%m-%d %H:%M:%S.%6f') || '|' || amount || '|' || \
         (properties->>'page') || '|' || day as it from {{ source('shop', 'events') }} order by id",
    )?;
    let of_engine: Vec<&str> = rows.iter().filter_map(|it| it["it"].as_str()).collect();
    equal(of_engine, of_server.lines().collect(), "rows")?;
    server.sql(
        "insert into events select id, now(), 'bought', 1, '{\"page\": 1}' from generate_series(1004, 1010) it(id)",
    )?;
    shop.ingest(&url)?;
    equal(shop.audit()?, vec![[1003, 1000, 3, 0], [7, 7, 0, 0]], "two pulls")?;
    says(&shop.ingest(&url)?, "nothing new")?;
    equal(shop.ids()?, (1..=1000).chain(1004..=1010).collect(), "events")?;
    says(
        &shop.run(&["ingest", "--dry-run"], &[("SHOP_URL", &url)], 0)?,
        "would skip shop.events: postgresql:public.events (nothing new)",
    )
}

/// What is new by time, where rows come late; and where nothing but the key tells.
pub(super) fn new_by_time_or_key() -> Result<(), Failed> {
    let server = Postgres::start()?;
    let url = server.url(PASSWORD, "");
    server.sql(EVENTS)?;
    let row = |id: i64, time: &str| {
        server.sql(&format!("insert into events values ({id}, '2026-01-01 {time}+00', 'seen', 1, '{{\"page\": 1}}')"))
    };
    let by_time = Shop::new("cursor: at, key: id, lookback: 10 minutes")?;
    let by_key = Shop::new("key: id")?;
    row(1, "12:00:00")?;
    row(2, "12:30:00")?;
    for shop in [&by_time, &by_key] {
        shop.ingest(&url)?;
    }
    // One within the ten minutes, one before them, one at the very time of the last, and one that is new.
    row(3, "12:25:00")?;
    row(4, "12:10:00")?;
    row(5, "12:30:00")?;
    row(6, "13:00:00")?;
    for shop in [&by_time, &by_key] {
        shop.ingest(&url)?;
    }
    equal(by_time.ids()?, vec![1, 2, 3, 5, 6], "events by time")?;
    equal(by_time.audit()?, vec![[2, 2, 0, 0], [4, 3, 0, 1]], "pulls by time")?;
    equal(by_key.ids()?, (1..=6).collect(), "events by key")?;
    equal(by_key.audit()?, vec![[2, 2, 0, 0], [6, 4, 0, 2]], "pulls by key")
}

/// What a user, a server or a network does wrong; and that no password is ever said.
pub(super) fn mistakes() -> Result<(), Failed> {
    let server = Postgres::start()?;
    let shop = Shop::new("cursor: id")?;
    let port = server.port;
    let check = |shop: &Shop, url: &str, words: &str| -> Result<(), Failed> {
        let printed = shop.run(&["ingest"], &[("SHOP_URL", url)], 1)?;
        says(&printed, words)?;
        if printed.contains(PASSWORD) { Err(format!("says the password: {printed}").into()) } else { Ok(()) }
    };
    let url = server.url(PASSWORD, "");
    check(&shop, &url, "the server says: relation \"public.events\" does not exist")?;
    server.sql(EVENTS)?;
    check(&Shop::new("cursor: identity")?, &url, "the server says: column it.identity does not exist")?;
    check(&shop, &server.url("wrong", ""), "the server refuses the user or the password")?;
    check(&shop, "", "the environment variable `SHOP_URL` is not set")?;
    check(&shop, "mysql://me:open-sesame@host/shop", "its location is no URL of a PostgreSQL server")?;
    let nobody = format!("postgresql://tester:{PASSWORD}@localhost:1/postgres");
    check(&shop, &nobody, "there is no connection to the server at localhost:1 (")?;
    let without = format!("postgresql://tester@localhost:{port}/postgres");
    check(&shop, &without, "(password missing)")?;
    shop.run(&["ingest"], &[("SHOP_URL", &without), ("PGPASSWORD", PASSWORD)], 0)?;
    // A certificate that nobody vouches for is no secret's protection.
    let secure = server.url(PASSWORD, "?sslmode=require");
    check(&shop, &secure, "there is no connection to the server at localhost:")?;
    let authority = server.path("authority.pem").to_string_lossy().into_owned();
    shop.run(&["ingest"], &[("SHOP_URL", &secure), ("SSL_CERT_FILE", &authority)], 0)?;
    let of_files = Shop::new("key: id")?;
    let path = of_files.0.path().join("models/sources.yml");
    let text = fs::read_to_string(&path)?;
    fs::write(
        &path,
        text.replace("location_env: SHOP_URL, table: public.events", "location: \"postgresql://me@host/shop\""),
    )?;
    says(&of_files.run(&["check"], &[], 1)?, "`ingest` of source `shop.events` says no table of the server")?;
    fs::write(&path, text.replace(", key: id", ""))?;
    says(&of_files.run(&["check"], &[], 1)?, "nothing tells which rows of source `shop.events` are new")
}

/// Whenever a run is killed, while rows are added all the time: each good row is an event once, each bad one in quarantine.
pub(super) fn kills() -> Result<(), Failed> {
    let seed = seed();
    let mut moments = Xoshiro256PlusPlus::seed_from_u64(seed);
    let server = Postgres::start()?;
    let url = server.url(PASSWORD, "?sslmode=disable");
    let shop = Shop::new("cursor: id")?;
    server.sql(EVENTS)?;
    let add = |from: usize| {
        server.sql(&format!(
            "insert into events select id, now(), 'seen', case when id % 9 = 0 then -1 else 1 end, '{{\"page\": 1}}' \
             from generate_series({from}, {}) as it(id)",
            from + 2999
        ))
    };
    add(1)?;
    let begun = Instant::now();
    shop.ingest(&url)?;
    let duration = begun.elapsed();
    let mut taken_before = 0;
    for kill in 0..KILLS {
        add(3001 + kill * 3000)?;
        let mut run = shop.start(&url)?;
        std::thread::sleep(duration.mul_f64(moments.next_u64() as f64 / u64::MAX as f64 * 1.3));
        run.kill()?;
        run.wait()?;
        let expected: Vec<i64> = (1..=3000 * (kill as i64 + 2)).filter(|it| it % 9 != 0).collect();
        taken_before += usize::from(shop.ids()? == expected);
        shop.ingest(&url).map_err(|it| format!("{it:?}\nseed {seed}, kill {kill}"))?;
        equal(shop.ids()? == expected, true, &format!("events after kill {kill}, seed {seed}"))?;
    }
    let audit = shop.audit()?;
    let sums = audit.iter().fold([0; 4], |sums, row| [0, 1, 2, 3].map(|at| sums[at] + row[at]));
    let all = 3000 * (KILLS as i64 + 1);
    equal(sums, [all, all - all / 9, all / 9, 0], "the audit")?;
    let mut bad = BTreeMap::new();
    for file in fs::read_dir(shop.0.path().join("quarantine/shop/events"))? {
        let path = file?.path();
        if path.file_name().is_some_and(|it| !it.to_string_lossy().starts_with('.')) {
            let text = fs::read_to_string(&path)?;
            let ids =
                text.lines().filter_map(|it| it.split_once("\"\"id\"\":")?.1.split(',').next()?.parse::<i64>().ok());
            bad.insert(path, ids.collect::<BTreeSet<i64>>());
        }
    }
    let bad: BTreeSet<i64> = bad.into_values().flatten().collect();
    equal(bad.len() as i64, all / 9, "rows in quarantine")?;
    eprintln!("pulls: {KILLS} kills, {taken_before} behind the commit");
    Ok(())
}
