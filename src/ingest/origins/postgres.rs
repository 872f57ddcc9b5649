//! What a table of a PostgreSQL server has that is new: rows beyond the greatest value of its cursor that was read. They
//! come as JSON objects, each row's own text, in the order of the cursor, out of one snapshot of the server.

use std::error::Error as _;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{PostgresTable, Server};
use crate::ingest::formats::begin_lines;
use crate::ingest::reading::{Reading, Text, Unreadable};
use crate::project::Lookback;

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(15);

/// Rows that are handed on together.
const TOGETHER: usize = 1024;

/// All that is read comes from one moment, nothing is ever written, and times are told in one way.
const BEGIN: &str = "set datestyle = 'ISO, YMD'; set intervalstyle = 'iso_8601'; set timezone = 'UTC'; \
                     set bytea_output = 'hex'; set extra_float_digits = 1; \
                     begin transaction isolation level repeatable read, read only";

/// New rows of a table, in a transaction that is open.
pub(super) struct Pull {
    client: Client,
    query: String,
    /// What the query is given.
    parameters: Vec<String>,
    mark: Option<String>,
    bytes: Arc<AtomicU64>,
}

/// Connects, and looks whether there is something new after the mark of the last pull; `None` where there is not.
///
/// # Errors
/// There is no server, or it refuses, or has no such table.
pub(super) async fn open(
    table: &PostgresTable,
    url: Option<&str>,
    password: Option<&str>,
    after: Option<&str>,
) -> Result<Option<Pull>, Unreadable> {
    let client = connect(&config(table, url, password)?).await?;
    client.batch_execute(BEGIN).await.map_err(|error| refused(&error))?;
    let name = &table.table;
    let Some(cursor) = &table.cursor else {
        let query = format!("select row_to_json(it)::text from (select * from {name}) as it");
        return Ok(Some(Pull { client, query, parameters: Vec::new(), mark: None, bytes: Arc::default() }));
    };
    let cursor = format!("\"{}\"", cursor.replace('"', "\"\""));
    let of_table = client.prepare(&format!("select it.{cursor} from (select * from {name}) as it")).await;
    let of_table = of_table.map_err(|error| refused(&error))?;
    let kind = of_table.columns().first().map(|it| it.type_().name().to_owned()).unwrap_or_default();
    let kind = format!("\"{kind}\"");
    let (condition, parameters) = beyond(&cursor, &kind, after, table.lookback.as_ref());
    let greatest = match after {
        Some(_) => format!("greatest(max(it.{cursor}), $1::text::{kind})"),
        None => format!("max(it.{cursor})"),
    };
    let ask = format!("select {greatest}::text, count(*) from (select * from {name}) as it {condition}");
    let row = client.query_one(&ask, &given(&parameters)).await.map_err(|error| refused(&error))?;
    let told = (row.try_get::<_, Option<String>>(0), row.try_get::<_, i64>(1));
    let (Ok(mark), Ok(count)) = told else { return Err(Unreadable("the server's answer can't be read".to_owned())) };
    // Rows without a value of the cursor are of no order, and come with every first pull only.
    if count == 0 {
        return Ok(None);
    }
    let query = format!(
        "select row_to_json(it)::text from (select * from {name}) as it {condition} order by it.{cursor} nulls first"
    );
    Ok(Some(Pull { client, query, parameters, mark, bytes: Arc::default() }))
}

/// Which rows are new: SQL and its parameters.
fn beyond(cursor: &str, kind: &str, after: Option<&str>, lookback: Option<&Lookback>) -> (String, Vec<String>) {
    let Some(after) = after else { return (String::new(), Vec::new()) };
    let mut parameters = vec![after.to_owned()];
    let from = match lookback {
        None => format!("$1::text::{kind}"),
        Some(Lookback::Number(count)) => {
            parameters.push(count.to_string());
            format!("$1::text::{kind} - $2::text::bigint")
        }
        Some(Lookback::Interval(length)) => {
            parameters.push(length.clone());
            format!("$1::text::{kind} - $2::text::interval")
        }
    };
    (format!("where it.{cursor} > {from}"), parameters)
}

fn given(parameters: &[String]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|it| it as &(dyn ToSql + Sync)).collect()
}

impl Pull {
    /// Begins to read, from the first row.
    pub(super) async fn begin(&self, max_row_bytes: usize) -> Result<Reading, Unreadable> {
        let rows = self.client.query_raw(&self.query, self.parameters.iter()).await;
        let rows = rows.map_err(|error| refused(&error))?;
        self.bytes.store(0, Ordering::Relaxed);
        let bytes = Arc::clone(&self.bytes);
        let line = move |row: tokio_postgres::Row| {
            // Outside of its strings, where there are no line breaks, JSON may have them anywhere.
            let text: &str = row.try_get(0)?;
            let mut line = text.replace(['\n', '\r'], " ").into_bytes();
            bytes.fetch_add(line.len() as u64, Ordering::Relaxed);
            line.push(b'\n');
            Ok::<_, Error>(line)
        };
        let lines = rows.map(move |row| row.and_then(&line)).try_ready_chunks(TOGETHER);
        let lines = lines.map(|it| it.map(|it| it.concat()).map_err(|error| refused(&error.1)));
        let lines: BoxStream<'static, Result<Vec<u8>, Unreadable>> = lines.boxed();
        let reading = begin_lines(Text::begin(lines).await?, &[], max_row_bytes).await?;
        Ok(Reading { is_fixed: true, ..reading })
    }

    pub(super) fn mark(&self) -> Option<String> {
        self.mark.clone()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

fn config(table: &PostgresTable, url: Option<&str>, password: Option<&str>) -> Result<Config, Unreadable> {
    let Some(url) = url else {
        let name = match &table.server {
            Server::Variable(name) => name.as_str(),
            Server::Url(_) => "location",
        };
        return Err(Unreadable(format!("the environment variable `{name}` is not set")));
    };
    // Certificates are always looked at where the connection must be a secure one.
    let plain = url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    // The URL may have a password in it: no part of it is ever said.
    let no_url = |_| Unreadable("its location is no URL of a PostgreSQL server".to_owned());
    let mut config = Config::from_str(&plain).map_err(no_url)?;
    if config.get_password().is_none()
        && let Some(password) = password
    {
        config.password(password);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE);
    }
    config.application_name("arrowmill");
    Ok(config)
}

/// A secure connection where the server has one; where it need not be secure, another one after all.
async fn connect(config: &Config) -> Result<Client, Unreadable> {
    let is_local = config.get_hosts().iter().all(|it| !matches!(it, Host::Tcp(_)));
    if config.get_ssl_mode() == SslMode::Disable || is_local {
        return connect_plainly(config).await;
    }
    // Only the first call has an effect.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let secure = match MakeRustlsConnect::with_native_certs() {
        Ok((secure, _)) => secure,
        Err(_) if config.get_ssl_mode() == SslMode::Prefer => return connect_plainly(config).await,
        Err(_) => return Err(Unreadable("this machine knows no authorities for certificates".to_owned())),
    };
    match config.connect(secure).await {
        Ok((client, connection)) => {
            tokio::spawn(connection);
            Ok(client)
        }
        Err(error) if error.as_db_error().is_none() && config.get_ssl_mode() == SslMode::Prefer => {
            connect_plainly(config).await
        }
        Err(error) => Err(no_connection(config, &error)),
    }
}

async fn connect_plainly(config: &Config) -> Result<Client, Unreadable> {
    let mut config = config.clone();
    config.ssl_mode(SslMode::Disable);
    let (client, connection) = config.connect(NoTls).await.map_err(|error| no_connection(&config, &error))?;
    // What goes wrong with it is told by what is asked of it.
    tokio::spawn(connection);
    Ok(client)
}

fn no_connection(config: &Config, error: &Error) -> Unreadable {
    if let Some(problem) = error.as_db_error() {
        return match problem.code() {
            &SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                Unreadable("the server refuses the user or the password".to_owned())
            }
            _ => refused(error),
        };
    }
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let port = config.get_ports().get(at).or(config.get_ports().first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(folder) => format!("{}, port {port}", folder.display()),
        }
    });
    let hosts = hosts.collect::<Vec<_>>().join(", ");
    let why = match error.source() {
        Some(why) => format!(" ({why})"),
        None => String::new(),
    };
    Unreadable(format!("there is no connection to the server at {hosts}{why}"))
}

/// What the server says, in its words.
fn refused(error: &Error) -> Unreadable {
    match error.as_db_error() {
        Some(problem) => {
            let hint = problem.hint().map(|it| format!(" ({it})")).unwrap_or_default();
            Unreadable(format!("the server says: {}{hint}", problem.message()))
        }
        None if error.is_closed() => Unreadable("the server has closed the connection".to_owned()),
        None => Unreadable("the connection to the server broke".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_rows_are_those_beyond_the_mark() {
        let check = |lookback: Option<Lookback>, condition: &str, count: usize| {
            let (sql, parameters) = beyond("\"at\"", "\"timestamptz\"", Some("2026-01-01"), lookback.as_ref());
            assert_eq!((sql.as_str(), parameters.len()), (condition, count));
        };
        check(None, r#"where it."at" > $1::text::"timestamptz""#, 1);
        check(Some(Lookback::Number(5)), r#"where it."at" > $1::text::"timestamptz" - $2::text::bigint"#, 2);
        let interval = Some(Lookback::Interval("10 minutes".to_owned()));
        check(interval, r#"where it."at" > $1::text::"timestamptz" - $2::text::interval"#, 2);
        assert_eq!(beyond("\"at\"", "\"int8\"", None, None), (String::new(), Vec::new()));
    }

    #[test]
    fn a_url_is_never_said() {
        let table = PostgresTable {
            server: Server::Url(String::new()),
            table: "events".to_owned(),
            cursor: None,
            lookback: None,
        };
        let said = |url| config(&table, Some(url), None).unwrap_err().0;
        assert_eq!(said("postgresql://me:secret@host:no/shop"), "its location is no URL of a PostgreSQL server");
        let verified = config(&table, Some("postgresql://me@host/shop?sslmode=verify-full"), Some("it")).unwrap();
        assert_eq!(verified.get_ssl_mode(), SslMode::Require);
        assert_eq!(verified.get_password(), Some(b"it".as_slice()));
    }
}
