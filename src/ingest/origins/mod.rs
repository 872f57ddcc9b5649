//! Where raw rows come from: files, or a table of a PostgreSQL server. What comes together, a file or what a table has
//! that is new, is a delivery; it is looked at and taken as one.

mod postgres;

use std::sync::Arc;

use crate::ingest::contract::Contract;
use crate::ingest::file::content_digest;
use crate::ingest::formats::{self, Format};
use crate::ingest::log::Known;
use crate::ingest::reading::{RawFile, Reading, Unreadable};
use crate::project::{Json, Located, Lookback};
use crate::reuse::Digest;

/// Where a source's raw rows are.
pub enum Origin {
    /// In files: a path or a pattern.
    Files(Located<String>),
    /// In a table of a PostgreSQL server.
    Postgres(Arc<PostgresTable>),
}

/// A table of a PostgreSQL server, and which of its rows are new.
#[derive(Debug)]
pub struct PostgresTable {
    /// The server.
    pub server: Server,
    /// The table as SQL names it: `public.events`.
    pub table: String,
    /// The column that grows with each new row. Without one, all rows are read each time.
    pub cursor: Option<String>,
    /// How far behind the greatest value that was read rows may still come in.
    pub lookback: Option<Lookback>,
}

/// Where a server is.
#[derive(Debug)]
pub enum Server {
    /// At a URL that the project may tell everybody.
    Url(String),
    /// At the URL that an environment variable has.
    Variable(String),
}

/// Rows that are looked at and taken together.
pub(crate) struct Delivery {
    /// As events and audit call it.
    pub(crate) name: String,
    content: Content,
}

#[derive(Clone)]
enum Content {
    File(RawFile),
    Table { table: Arc<PostgresTable>, url: Option<String>, password: Option<String> },
}

/// A delivery that is there, with what it is known by.
pub(crate) struct Opened {
    /// 128 bits that no other delivery has. Of a file, they are its content's.
    pub(crate) digest: String,
    content: OpenContent,
}

enum OpenContent {
    File(RawFile),
    Pull(postgres::Pull),
}

/// The schemes of URLs of PostgreSQL servers.
pub(crate) fn is_postgres(location: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|it| location.starts_with(it))
}

impl Delivery {
    pub(crate) fn of_file(name: String, file: RawFile) -> Delivery {
        Delivery { name, content: Content::File(file) }
    }

    /// What a table has that is new. `variable` reads the environment.
    pub(crate) fn of_table(table: &Arc<PostgresTable>, variable: impl Fn(&str) -> Option<String>) -> Delivery {
        let url = match &table.server {
            Server::Url(url) => Some(url.clone()),
            Server::Variable(name) => variable(name).filter(|it| !it.is_empty()),
        };
        let content = Content::Table { table: Arc::clone(table), url, password: variable("PGPASSWORD") };
        Delivery { name: format!("postgresql:{}", table.table), content }
    }

    /// The size of a file.
    pub(crate) fn bytes(&self) -> u64 {
        match &self.content {
            Content::File(file) => file.meta.size,
            Content::Table { .. } => 0,
        }
    }

    /// Why it is passed over, if it is.
    pub(crate) fn why_skipped(&self) -> &'static str {
        match &self.content {
            Content::File(_) => "taken before",
            Content::Table { .. } => "nothing new",
        }
    }

    /// Opens it; `None` where a table has nothing new.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) async fn open(&self, known: Option<&Known>, run_id: &str) -> Result<Option<Opened>, Unreadable> {
        match &self.content {
            Content::File(file) => {
                let digest = content_digest(file).await?;
                Ok(Some(Opened { digest, content: OpenContent::File(file.clone()) }))
            }
            Content::Table { table, url, password } => {
                let after = known.and_then(|it| it.mark.as_deref());
                let pull = postgres::open(table, url.as_deref(), password.as_deref(), after).await?;
                let opened = |pull: postgres::Pull| {
                    // Where rows are read again, the same stretch of them may have others in it each time.
                    let is_told = table.cursor.is_some() && table.lookback.is_none();
                    let run = if is_told { "" } else { run_id };
                    let mark = pull.mark().unwrap_or_default();
                    let known_as = [self.name.as_str(), after.unwrap_or_default(), &mark, run];
                    Opened { digest: Digest::texts("pull", known_as).to_string(), content: OpenContent::Pull(pull) }
                };
                Ok(pull.map(opened))
            }
        }
    }
}

impl Opened {
    /// Begins to read it, from its first row whenever it is called. Rows may have the expected columns even if the first
    /// ones don't.
    ///
    /// # Errors
    /// It can't be read, or its format can't be told.
    pub(crate) async fn begin(&self, contract: &Contract, expected: &[String]) -> Result<Reading, Unreadable> {
        match &self.content {
            OpenContent::File(file) => {
                let mut file = file.clone();
                file.expected.extend(expected.iter().cloned());
                format_of(contract, &file)?.begin(file).await
            }
            OpenContent::Pull(pull) => pull.begin(contract.max_row_bytes).await,
        }
    }

    /// How far the next delivery may leave out rows: up to this value of the cursor.
    pub(crate) fn mark(&self) -> Option<String> {
        match &self.content {
            OpenContent::File(_) => None,
            OpenContent::Pull(pull) => pull.mark(),
        }
    }

    /// The bytes of rows that a server has sent so far.
    pub(crate) fn bytes_sent(&self) -> Option<u64> {
        match &self.content {
            OpenContent::File(_) => None,
            OpenContent::Pull(pull) => Some(pull.bytes()),
        }
    }
}

/// The format that is declared, or the one that the file's ending tells.
fn format_of(contract: &Contract, file: &RawFile) -> Result<&'static dyn Format, Unreadable> {
    let name = file.meta.location.filename().unwrap_or_default();
    let unpacked = [".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz"].iter().find_map(|it| name.strip_suffix(it));
    let ending = unpacked.unwrap_or(name).rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    let wanted = contract.format.get("format").and_then(Json::as_str).map(str::to_owned).or(ending);
    wanted.as_deref().and_then(formats::named).ok_or_else(|| {
        Unreadable(format!("its format can't be told; set `format` to one of: {}", formats::names().join(", ")))
    })
}
