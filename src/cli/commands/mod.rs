//! One file per command.

mod build;
mod check;
mod clean;
mod clone;
mod compile;
mod debug;
mod deps;
mod diff;
mod docs;
mod docs_serve;
mod generate;
mod ingest;
mod init;
mod lineage;
mod list;
mod monitor;
mod parse;
mod refused;
mod retry;
mod rollback;
mod run_operation;
mod show;
mod source;
mod versions;

pub(super) use retry::retried;

use crate::cli::arguments::{Command, DocsCommand, SourceCommand};
use crate::cli::{Exit, Settings, Stop};

/// Runs the command that was asked for.
pub(super) fn run(settings: &Settings, command: &Command) -> Result<Exit, Stop> {
    match command {
        Command::Build { selecting, .. } => build::run(settings, selecting, build::Work::Build),
        Command::Check { selecting, warn, output } => {
            check::run(settings, selecting, &check::Wanted { warn, output: *output })
        }
        Command::Clean => clean::run(settings),
        Command::Clone { selecting, .. } => clone::run(settings, selecting),
        Command::Compile { selecting, .. } => compile::run(settings, selecting),
        Command::Debug { connection, config_dir } => {
            debug::run(settings, debug::Wanted { connection: *connection, config_dir: *config_dir })
        }
        Command::Deps { lock, upgrade } => deps::run(settings, deps::Wanted { lock_only: *lock, upgrade: *upgrade }),
        Command::Diff { name, against, staged, key, output } => {
            let wanted = diff::Wanted { against: against.as_deref(), staged: *staged, key };
            diff::run(settings, name, &wanted, *output)
        }
        Command::Docs { command: DocsCommand::Generate { selecting, no_compile, empty_catalog, .. } } => {
            let wanted = docs::Wanted { compile: !no_compile, catalog: !empty_catalog };
            docs::run(settings, selecting, wanted)
        }
        Command::Docs { command: DocsCommand::Serve { host, port, no_browser, .. } } => {
            docs_serve::run(settings, host, *port, !no_browser)
        }
        Command::Generate { events, days, start, seed, dirty, format, append_day, out } => {
            let set = generate::Wanted::Set { events: *events, days: *days, start: *start, seed: *seed };
            let wanted = if *append_day { generate::Wanted::Day } else { set };
            generate::run(settings, &wanted, *dirty, *format, out)
        }
        Command::Ingest { selecting, .. } => ingest::run(settings, selecting),
        Command::Init { name } => init::run(settings, name),
        Command::Lineage { diff: Some(state), output, .. } => lineage::diff(settings, state, *output),
        Command::Lineage { name, upstream, downstream, depth, output, .. } => {
            let wanted = lineage::Wanted { upstream: *upstream, downstream: *downstream, depth: *depth };
            lineage::run(settings, name.as_deref().unwrap_or_default(), &wanted, *output)
        }
        Command::List { selecting, output, output_keys } => list::run(settings, selecting, *output, output_keys),
        Command::Monitor { selecting, webhook_url_env, webhook_when, .. } => {
            let webhook_url_env = webhook_url_env.as_deref();
            monitor::run(settings, &monitor::Wanted { selecting, webhook_url_env, webhook_when: *webhook_when })
        }
        Command::Parse => parse::run(settings),
        // `cli::main` runs the command that it stands for.
        Command::Retry => Ok(Exit::Success),
        Command::Rollback { name, to } => rollback::run(settings, name, *to),
        Command::Run { selecting, .. } => build::run(settings, selecting, build::Work::Run),
        Command::RunOperation { name, args, .. } => run_operation::run(settings, name, args.as_deref()),
        Command::Seed { selecting, .. } => build::run(settings, selecting, build::Work::Seed),
        Command::Snapshot { selecting, .. } => build::run(settings, selecting, build::Work::Snapshot),
        Command::Show { selecting, inline, staged, limit, output } => {
            let what = show::What { selecting, inline: inline.as_deref(), staged: *staged };
            show::run(settings, &what, *limit, *output)
        }
        Command::Source { command: SourceCommand::Freshness { selecting, output } } => {
            source::freshness(settings, selecting, output.as_deref())
        }
        Command::Test { selecting, .. } => build::run(settings, selecting, build::Work::Test),
        Command::Versions { name, output } => versions::run(settings, name, *output),
    }
}
