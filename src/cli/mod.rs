//! The command line: arguments become settings, settings become a command, its end becomes an exit code.

mod arguments;
mod artifacts;
mod commands;
mod deferral;
mod excerpt;
mod explanation;
mod flags;
mod logging;
mod named;
mod openlineage;
mod packages;
mod prepare;
mod settings;
mod spill;
mod there;
mod unread;
mod warnings;
mod watched_tests;
mod webhook;

pub use settings::{Settings, Surroundings};

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

/// How a command ended; the exit codes are dbt's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: all is well.
    Success,
    /// 1: something that was run failed.
    Failed,
    /// 2: it couldn't start.
    CouldNotStart,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Success => 0,
            Exit::Failed => 1,
            Exit::CouldNotStart => 2,
        })
    }
}

/// Why a command couldn't do its work; what there was to say about the project has been said already.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// The diagnostics say why.
    #[error("the project has errors")]
    Reported,
    /// The world outside.
    #[error("{0}")]
    Outside(String),
}

impl Stop {
    /// An error of the world outside, in its own words.
    pub(crate) fn outside(error: impl std::fmt::Display) -> Stop {
        Stop::Outside(error.to_string())
    }
}

/// Parses the arguments, runs the command, gives the exit code. Prints through the console only.
pub fn main(surroundings: Surroundings) -> ExitCode {
    run(surroundings).into()
}

/// The same, for a command that another one asks for.
fn run(surroundings: Surroundings) -> Exit {
    let command = flags::add_to(arguments::Arguments::command());
    let parsed = command.try_get_matches_from(&surroundings.arguments);
    let parsed = parsed.and_then(|it| Ok((arguments::Arguments::from_arg_matches(&it)?, it)));
    let (arguments, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and versions are no errors; `print` sends each to the right stream.
            let exit = if error.use_stderr() { Exit::CouldNotStart } else { Exit::Success };
            let _ = error.print();
            return exit;
        }
    };
    let command = format!("arrowmill {}", matches.subcommand_name().unwrap_or_default());
    let again = matches!(arguments.command, arguments::Command::Retry).then(|| surroundings.clone());
    let fallback = settings::fallback_console(&surroundings);
    let settings = match Settings::resolve(&arguments, &matches, surroundings) {
        Ok(settings) => settings,
        Err(problem) => {
            fallback.failure(&problem);
            return Exit::CouldNotStart;
        }
    };
    if again.is_none() {
        settings.console.begin();
    }
    let is_again = again.is_some();
    let done = match again {
        // The last run's own command line, with what it did not finish.
        Some(surroundings) => {
            commands::retried(&settings).map(|arguments| run(Surroundings { arguments, ..surroundings }))
        }
        None => commands::run(&settings, &arguments.command),
    };
    let exit = match done {
        Ok(exit) => exit,
        Err(Stop::Reported) => Exit::CouldNotStart,
        Err(Stop::Outside(problem)) => {
            settings.console.failure(&problem);
            Exit::CouldNotStart
        }
    };
    if !is_again {
        settings.console.end(&command, exit == Exit::Success);
    }
    exit
}
