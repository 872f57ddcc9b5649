//! What can be written on the command line. The comments here are the help text.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Arrowmill runs dbt-style SQL projects: planned as a whole by Apache DataFusion, then run over Parquet, CSV and JSON.
#[derive(Debug, Parser)]
#[command(name = "arrowmill", version, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Folder of the project [default: the current one, or the nearest above with a dbt_project.yml]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) project_dir: Option<PathBuf>,
    /// Folder of profiles.yml [default: the project's folder, then ~/.dbt]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) profiles_dir: Option<PathBuf>,
    /// Profile to use instead of the one that the project names
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Target to use instead of the profile's default
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(super) target: Option<String>,
    /// Folder for compiled SQL and artifacts, relative to the project
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) target_path: Option<String>,
    /// Variables, as a YAML mapping: '{key: value}'
    #[arg(long, global = true, value_name = "YAML")]
    pub(super) vars: Option<String>,
    /// Models that run side by side
    #[arg(long, global = true, value_name = "N")]
    pub(super) threads: Option<usize>,
}

/// Which nodes a command is about.
#[derive(Debug, Args, Default)]
pub(super) struct Selecting {
    /// Nodes to take: names, paths, `tag:x`, `+model`, `model+`, `@model`; space is 'or', comma is 'and'
    #[arg(short, long, visible_alias = "models", alias = "model", short_alias = 'm', num_args = 1.., value_name = "SELECTOR")]
    pub(super) select: Vec<String>,
    /// Nodes to leave out, in the same language
    #[arg(long, num_args = 1.., value_name = "SELECTOR")]
    pub(super) exclude: Vec<String>,
    /// Only nodes of these types
    #[arg(long, visible_alias = "resource-types", num_args = 1.., value_name = "TYPE")]
    pub(super) resource_type: Vec<String>,
    /// No nodes of these types
    #[arg(long, visible_alias = "exclude-resource-types", num_args = 1.., value_name = "TYPE")]
    pub(super) exclude_resource_type: Vec<String>,
    /// Of what is selected, only nodes with these ids
    #[arg(long, num_args = 1.., hide = true, value_name = "ID")]
    pub(super) unique_ids: Vec<String>,
    /// A selector of selectors.yml, instead of --select and --exclude
    #[arg(long, value_name = "NAME")]
    pub(super) selector: Option<String>,
    /// Which tests come along with what they test [default: eager]
    #[arg(long, value_enum, value_name = "MODE")]
    pub(super) indirect_selection: Option<Indirect>,
}

/// Which tests come along.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum Indirect {
    /// Those of which any parent is selected
    #[default]
    Eager,
    /// Those of which all parents are selected
    Cautious,
    /// Those whose parents are selected or needed by what is
    Buildable,
    /// None
    Empty,
}

impl Indirect {
    /// dbt's word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Indirect::Eager => "eager",
            Indirect::Cautious => "cautious",
            Indirect::Buildable => "buildable",
            Indirect::Empty => "empty",
        }
    }
}

/// How a run goes.
#[derive(Debug, Args, Default)]
pub(super) struct Running {
    /// Build incremental models anew
    #[arg(short, long)]
    pub(super) full_refresh: bool,
    /// Keep failing rows of tests as tables
    #[arg(long)]
    pub(super) store_failures: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// When what is made is put in place [default: audited]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub(super) publish: Option<PublishWhen>,
    /// Accepted as dbt does; what was loaded is shown by `show`
    #[arg(long, hide = true)]
    pub(super) show: bool,
}

/// When relations are put in place.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum PublishWhen {
    /// Each as soon as it is made
    Always,
    /// Each when its tests in this run have passed
    Audited,
    /// All together at the end, and none when something failed
    Run,
}

/// When results are posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum WebhookWhen {
    /// Each time
    Always,
    /// When something is not as expected
    Bad,
}

/// Whether inputs are read at all.
#[derive(Debug, Args, Default)]
pub(super) struct Emptying {
    /// Read no rows of what refs and sources name, only to see that everything runs
    #[arg(long, overrides_with = "no_empty")]
    pub(super) empty: bool,
    /// The opposite, where the environment says --empty
    #[arg(long, overrides_with = "empty", hide = true)]
    pub(super) no_empty: bool,
}

/// Which rows of inputs are read.
#[derive(Debug, Args, Default)]
pub(super) struct Reading {
    #[command(flatten)]
    pub(super) emptying: Emptying,
    /// Of inputs with an `event_time`, read only rows of this time: '3 days', or '{start: 2024-01-01, end: 2024-02-01}'
    #[arg(long, value_name = "WINDOW")]
    pub(super) sample: Option<String>,
    /// Make the batches of microbatch models from this time on
    #[arg(long, value_name = "TIME")]
    pub(super) event_time_start: Option<String>,
    /// Make the batches of microbatch models up to this time, itself left out
    #[arg(long, value_name = "TIME")]
    pub(super) event_time_end: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run models and their tests in the order of the graph
    Build {
        #[command(flatten)]
        selecting: Selecting,
        #[command(flatten)]
        running: Running,
        #[command(flatten)]
        reading: Reading,
    },
    /// Plan the whole project and report every error, without reading data
    Check {
        #[command(flatten)]
        selecting: Selecting,
        /// Warn of these too; there is no harm in them yet
        #[arg(long, value_enum, num_args = 1.., value_delimiter = ',', value_name = "KIND")]
        warn: Vec<OptionalWarning>,
        /// Form of the report
        #[arg(long, value_enum, default_value_t)]
        output: CheckOutput,
    },
    /// Remove the folders that the project lists as clean-targets
    Clean,
    /// Give the relations of a state the names that they have here: tables share their data, the rest become views
    Clone {
        #[command(flatten)]
        selecting: Selecting,
        /// Replace what is there already
        #[arg(short, long)]
        full_refresh: bool,
    },
    /// Write the final SQL of models and tests
    Compile {
        #[command(flatten)]
        selecting: Selecting,
        #[command(flatten)]
        emptying: Emptying,
    },
    /// Show what Arrowmill sees of project, profile and warehouse, and whether they can be used
    Debug {
        /// Only whether the warehouse can be used
        #[arg(long)]
        connection: bool,
        /// Only where profiles.yml is
        #[arg(long)]
        config_dir: bool,
    },
    /// Install the packages that packages.yml or dependencies.yml lists
    Deps {
        /// Write package-lock.yml and install nothing
        #[arg(long)]
        lock: bool,
        /// Look for newer revisions than those in package-lock.yml
        #[arg(long)]
        upgrade: bool,
    },
    /// Compare two versions of a table; ends with 1 where they differ
    Diff {
        /// A model, seed or snapshot
        #[arg(value_name = "MODEL")]
        name: String,
        /// The version or Parquet file to compare with [default: the version before the one in place]
        #[arg(long, value_name = "VERSION|PATH")]
        against: Option<String>,
        /// Compare what was held back from publishing, instead of what is in place
        #[arg(long)]
        staged: bool,
        /// Columns that tell rows apart [default: unique_key, a primary key, a column tested as unique and not null]
        #[arg(long, value_name = "COLUMN,…")]
        key: Vec<String>,
        /// Form of the report
        #[arg(long, value_enum, default_value_t)]
        output: DiffOutput,
    },
    /// Documentation
    Docs {
        #[command(subcommand)]
        command: DocsCommand,
    },
    /// Make a deterministic clickstream data set
    Generate {
        /// How many events
        #[arg(long, default_value_t = 50_000)]
        events: u64,
        /// Over how many days
        #[arg(long, default_value_t = 90)]
        days: u32,
        /// First day, as YYYY-MM-DD
        #[arg(long, default_value = "2026-01-01")]
        start: chrono::NaiveDate,
        /// The same seed gives the same bytes
        #[arg(long, default_value_t = 42)]
        seed: u64,
        /// Share of the events that are broken, from 0 to 1, in ways that `ingest` finds
        #[arg(long, value_name = "SHARE")]
        dirty: Option<f64>,
        /// Format of the events; a day that is added has the format of those before it
        #[arg(long, value_enum)]
        format: Option<EventFormat>,
        /// Add the next day to the set in the folder, as files of its own
        #[arg(long, conflicts_with_all = ["events", "days", "start", "seed"])]
        append_day: bool,
        /// Folder to write to
        #[arg(long, default_value = "data/raw")]
        out: PathBuf,
    },
    /// Take the raw files of sources into their event tables, bad rows apart
    Ingest {
        #[command(flatten)]
        selecting: Selecting,
        /// Say which files would be taken, and take none
        #[arg(long)]
        dry_run: bool,
    },
    /// Make a new small project that runs at once
    Init {
        /// Name of the project and of its folder
        name: String,
    },
    /// Say where columns come from and where they go
    Lineage {
        /// A model, seed, snapshot or source, or one of its columns: `model.column`
        #[arg(value_name = "MODEL[.COLUMN]", required_unless_present = "diff")]
        name: Option<String>,
        /// Say instead which columns have changed since this state, and what that touches, as Markdown
        #[arg(long, value_name = "DIR", conflicts_with_all = ["name", "upstream", "downstream", "depth"])]
        diff: Option<PathBuf>,
        /// Only where it comes from
        #[arg(long)]
        upstream: bool,
        /// Only where it goes
        #[arg(long)]
        downstream: bool,
        /// How many nodes far [default: all the way]
        #[arg(long, value_name = "N")]
        depth: Option<usize>,
        /// Form of the answer
        #[arg(long, value_enum, default_value_t)]
        output: LineageOutput,
    },
    /// List nodes
    #[command(visible_alias = "ls")]
    List {
        #[command(flatten)]
        selecting: Selecting,
        /// Form of the list
        #[arg(long, value_enum, default_value_t)]
        output: ListOutput,
        /// Keys of each JSON object, nested ones with dots
        #[arg(long, num_args = 1.., value_name = "KEY")]
        output_keys: Vec<String>,
    },
    /// Check what the project's `monitors:` watch, and tell of what is not as expected
    Monitor {
        #[command(flatten)]
        selecting: Selecting,
        /// Judge as if it was this time: '2026-04-01', '2026-04-01 08:00' [default: now]
        #[arg(long, value_name = "TIME")]
        as_of: Option<String>,
        /// Environment variable with the URL that results are posted to, as Slack takes them
        #[arg(long, value_name = "NAME")]
        webhook_url_env: Option<String>,
        /// When to post [default: bad]
        #[arg(long, value_enum, value_name = "WHEN")]
        webhook_when: Option<WebhookWhen>,
    },
    /// Read the project and write manifest.json
    Parse,
    /// Run again what failed or was skipped in the last run, with the options of that run
    Retry,
    /// Put an earlier version of a table back in place
    Rollback {
        /// A model, seed or snapshot
        #[arg(value_name = "MODEL")]
        name: String,
        /// Which version [default: the one before]
        #[arg(long, value_name = "VERSION")]
        to: Option<u64>,
    },
    /// Run models
    Run {
        #[command(flatten)]
        selecting: Selecting,
        #[command(flatten)]
        running: Running,
        #[command(flatten)]
        reading: Reading,
    },
    /// Call a macro for what it does
    RunOperation {
        /// The macro: `name`, or `package.name`
        #[arg(value_name = "MACRO")]
        name: String,
        /// Its arguments, as YAML
        #[arg(long, value_name = "YAML")]
        args: Option<String>,
        #[command(flatten)]
        running: Running,
    },
    /// Load the project's CSV files as tables
    Seed {
        #[command(flatten)]
        selecting: Selecting,
        #[command(flatten)]
        running: Running,
    },
    /// Keep the versions of rows that change
    Snapshot {
        #[command(flatten)]
        selecting: Selecting,
        #[command(flatten)]
        running: Running,
        #[command(flatten)]
        emptying: Emptying,
    },
    /// Show rows of a model or of a query
    Show {
        #[command(flatten)]
        selecting: Selecting,
        /// A query instead of a model; `ref` and `source` work in it
        #[arg(long, value_name = "SQL", conflicts_with = "select")]
        inline: Option<String>,
        /// What was made of the model and not published, because a test had failed on it
        #[arg(long, conflicts_with = "inline")]
        staged: bool,
        /// How many rows; -1 for all
        #[arg(long, default_value_t = 5, allow_negative_numbers = true)]
        limit: i64,
        /// Form of the rows
        #[arg(long, value_enum, default_value_t)]
        output: ShowOutput,
    },
    /// Sources
    Source {
        #[command(subcommand)]
        command: SourceCommand,
    },
    /// Run tests of data
    Test {
        #[command(flatten)]
        selecting: Selecting,
        #[command(flatten)]
        running: Running,
    },
    /// List the versions of a table that are kept
    Versions {
        /// A model, seed or snapshot
        #[arg(value_name = "MODEL")]
        name: String,
        /// Form of the list
        #[arg(long, value_enum, default_value_t)]
        output: VersionsOutput,
    },
}

/// The groups of options that a command takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options<'a> {
    pub(super) running: Option<&'a Running>,
    pub(super) reading: Option<&'a Reading>,
    /// Of commands that can read nothing, whether or not they take the rest of `reading`.
    pub(super) emptying: Option<&'a Emptying>,
}

impl Command {
    /// Its groups of options: the one place that knows which command takes which.
    pub(super) fn options(&self) -> Options<'_> {
        match self {
            Command::Build { running, reading, .. } | Command::Run { running, reading, .. } => {
                Options { running: Some(running), reading: Some(reading), emptying: Some(&reading.emptying) }
            }
            Command::Compile { emptying, .. } => Options { emptying: Some(emptying), ..Options::default() },
            Command::Snapshot { running, emptying, .. } => {
                Options { running: Some(running), emptying: Some(emptying), reading: None }
            }
            Command::RunOperation { running, .. } | Command::Seed { running, .. } | Command::Test { running, .. } => {
                Options { running: Some(running), ..Options::default() }
            }
            Command::Check { .. }
            | Command::Clean
            | Command::Clone { .. }
            | Command::Debug { .. }
            | Command::Deps { .. }
            | Command::Diff { .. }
            | Command::Docs { .. }
            | Command::Generate { .. }
            | Command::Ingest { .. }
            | Command::Init { .. }
            | Command::Lineage { .. }
            | Command::List { .. }
            | Command::Monitor { .. }
            | Command::Parse
            | Command::Retry
            | Command::Rollback { .. }
            | Command::Show { .. }
            | Command::Source { .. }
            | Command::Versions { .. } => Options::default(),
        }
    }
}

/// Commands about documentation.
#[derive(Debug, Subcommand)]
pub(super) enum DocsCommand {
    /// Write manifest.json, catalog.json, the lineage and the documentation page
    Generate {
        #[command(flatten)]
        selecting: Selecting,
        /// Accepted as dbt does; the page always holds everything
        #[arg(long, hide = true)]
        r#static: bool,
        /// Write no manifest.json and no compiled SQL
        #[arg(long, overrides_with = "compile")]
        no_compile: bool,
        /// The opposite, and the default
        #[arg(long, hide = true, overrides_with = "no_compile")]
        compile: bool,
        /// Write a catalog.json without relations
        #[arg(long)]
        empty_catalog: bool,
    },
    /// Serve the documentation page over HTTP
    Serve {
        /// Which of this machine's addresses to listen at
        #[arg(long, default_value = "127.0.0.1")]
        host: String,
        /// Port; 0 takes one that is free
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Open no browser
        #[arg(long, overrides_with = "browser")]
        no_browser: bool,
        /// The opposite, and the default
        #[arg(long, hide = true, overrides_with = "no_browser")]
        browser: bool,
    },
}

/// Commands about sources.
#[derive(Debug, Subcommand)]
pub(super) enum SourceCommand {
    /// Say how old sources are, by what their `freshness` promises, and write sources.json
    #[command(alias = "snapshot-freshness")]
    Freshness {
        #[command(flatten)]
        selecting: Selecting,
        /// Where to write the report, instead of sources.json in the target folder
        #[arg(short, long, value_name = "FILE")]
        output: Option<String>,
    },
}

/// Warnings that are off unless they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OptionalWarning {
    /// All of them
    All,
    /// Columns that nothing in the project reads
    DeadColumn,
    /// A `*` over files whose columns are not declared, where others would do harm
    OpenStar,
    /// Functions that make a table anew in every run
    VolatileFunction,
}

/// Forms of a check's report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckOutput {
    /// For people
    #[default]
    Text,
    /// One JSON object
    Json,
    /// Annotations for GitHub Actions
    Github,
}

/// Forms of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffOutput {
    /// For people
    #[default]
    Table,
    /// One JSON object
    Json,
    /// For a pull request
    Markdown,
}

/// Forms of a list of versions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum VersionsOutput {
    /// For people
    #[default]
    Table,
    /// A JSON list
    Json,
}

/// Forms of a lineage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LineageOutput {
    /// For people
    #[default]
    Table,
    /// One JSON object
    Json,
    /// A Mermaid flowchart
    Mermaid,
    /// Graphviz's language
    Dot,
    /// OpenLineage's JSON: what the model reads and makes
    #[value(name = "openlineage")]
    OpenLineage,
}

/// Forms of a list.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum ListOutput {
    /// Selectors: package.folder.name
    #[default]
    Selector,
    /// One JSON object per line
    Json,
    /// Names
    Name,
    /// Paths
    Path,
}

/// Forms of rows.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum ShowOutput {
    /// A table
    #[default]
    #[value(alias = "text")]
    Table,
    /// CSV with a header
    Csv,
    /// A JSON list
    Json,
}

/// Formats of generated events.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum EventFormat {
    /// events.parquet, the default
    Parquet,
    /// events.csv
    Csv,
    /// events.csv.gz
    #[value(name = "csv.gz")]
    CsvGz,
    /// events.ndjson
    Ndjson,
}
