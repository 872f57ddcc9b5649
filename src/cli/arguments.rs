//! What can be written on the command line. The comments here are the help text.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::console::Format;

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
    #[arg(long, global = true, env = "DBT_PROJECT_DIR", value_name = "DIR")]
    pub(super) project_dir: Option<PathBuf>,
    /// Folder of profiles.yml [default: the project's folder, then ~/.dbt]
    #[arg(long, global = true, env = "DBT_PROFILES_DIR", value_name = "DIR")]
    pub(super) profiles_dir: Option<PathBuf>,
    /// Profile to use instead of the one that the project names
    #[arg(long, global = true, env = "DBT_PROFILE", value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Target to use instead of the profile's default
    #[arg(short, long, global = true, env = "DBT_TARGET", value_name = "NAME")]
    pub(super) target: Option<String>,
    /// Folder for compiled SQL and artifacts, relative to the project
    #[arg(long, global = true, env = "DBT_TARGET_PATH", value_name = "DIR")]
    pub(super) target_path: Option<String>,
    /// Variables, as a YAML mapping: '{key: value}'
    #[arg(long, global = true, value_name = "YAML")]
    pub(super) vars: Option<String>,
    /// Models that run side by side
    #[arg(long, global = true, value_name = "N")]
    pub(super) threads: Option<usize>,
    /// Form of what is printed
    #[arg(long, global = true, env = "DBT_LOG_FORMAT", value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) log_format: LogFormat,
    /// Say only what is wrong
    #[arg(short, long, global = true, env = "DBT_QUIET")]
    pub(super) quiet: bool,
    /// Print without colours
    #[arg(long, global = true)]
    pub(super) no_use_colors: bool,
}

/// Forms of what is printed.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    #[default]
    #[value(alias = "default")]
    Text,
    /// One JSON object per line
    Json,
}

impl From<LogFormat> for Format {
    fn from(format: LogFormat) -> Format {
        match format {
            LogFormat::Text => Format::Text,
            LogFormat::Json => Format::Json,
        }
    }
}

/// Which nodes a command is about.
#[derive(Debug, Args, Default)]
pub(super) struct Selecting {
    /// Nodes to take: names, paths, `tag:x`, `+model`, `model+`, `@model`; space is 'or', comma is 'and'
    #[arg(short, long, visible_alias = "models", short_alias = 'm', num_args = 1.., value_name = "SELECTOR")]
    pub(super) select: Vec<String>,
    /// Nodes to leave out, in the same language
    #[arg(long, num_args = 1.., value_name = "SELECTOR")]
    pub(super) exclude: Vec<String>,
    /// Only nodes of these types
    #[arg(long, num_args = 1.., value_name = "TYPE")]
    pub(super) resource_type: Vec<String>,
    /// Which tests come along with what they test
    #[arg(long, value_enum, default_value_t, env = "DBT_INDIRECT_SELECTION", value_name = "MODE")]
    pub(super) indirect_selection: Indirect,
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

/// How a run goes.
#[derive(Debug, Args, Default)]
pub(super) struct Running {
    /// Build incremental models anew
    #[arg(short, long, env = "DBT_FULL_REFRESH")]
    pub(super) full_refresh: bool,
    /// Stop at the first failure
    #[arg(short = 'x', long, env = "DBT_FAIL_FAST")]
    pub(super) fail_fast: bool,
    /// Keep failing rows of tests as tables
    #[arg(long, env = "DBT_STORE_FAILURES")]
    pub(super) store_failures: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
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
    },
    /// Plan the whole project and report every error, without reading data
    Check {
        #[command(flatten)]
        selecting: Selecting,
        /// Form of the report
        #[arg(long, value_enum, default_value_t)]
        output: CheckOutput,
    },
    /// Remove the folders that the project lists as clean-targets
    Clean,
    /// Write the final SQL of models and tests
    Compile {
        #[command(flatten)]
        selecting: Selecting,
    },
    /// Show what Arrowmill sees: project, profile, target, warehouse, engine
    Debug,
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
        /// Format of the events
        #[arg(long, value_enum, default_value_t)]
        format: EventFormat,
        /// Folder to write to
        #[arg(long, default_value = "data/raw")]
        out: PathBuf,
    },
    /// Make a new small project that runs at once
    Init {
        /// Name of the project and of its folder
        name: String,
    },
    /// List nodes
    #[command(visible_alias = "ls")]
    List {
        #[command(flatten)]
        selecting: Selecting,
        /// Form of the list
        #[arg(long, value_enum, default_value_t)]
        output: ListOutput,
    },
    /// Run models
    Run {
        #[command(flatten)]
        selecting: Selecting,
        #[command(flatten)]
        running: Running,
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
    },
    /// Show rows of a model or of a query
    Show {
        #[command(flatten)]
        selecting: Selecting,
        /// A query instead of a model; `ref` and `source` work in it
        #[arg(long, value_name = "SQL", conflicts_with = "select")]
        inline: Option<String>,
        /// How many rows; -1 for all
        #[arg(long, default_value_t = 5, allow_negative_numbers = true)]
        limit: i64,
        /// Form of the rows
        #[arg(long, value_enum, default_value_t)]
        output: ShowOutput,
    },
    /// Run tests of data
    Test {
        #[command(flatten)]
        selecting: Selecting,
        #[command(flatten)]
        running: Running,
    },
}

/// Commands about documentation.
#[derive(Debug, Subcommand)]
pub(super) enum DocsCommand {
    /// Write manifest.json, catalog.json, the lineage and the documentation page
    Generate {
        #[command(flatten)]
        selecting: Selecting,
    },
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
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum EventFormat {
    /// events.parquet
    #[default]
    Parquet,
    /// events.csv
    Csv,
    /// events.csv.gz
    #[value(name = "csv.gz")]
    CsvGz,
    /// events.ndjson
    Ndjson,
}
