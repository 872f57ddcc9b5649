//! The command line: arguments become settings, settings become a command, its end becomes an exit code.

mod arguments;
mod artifacts;
mod commands;
mod prepare;
mod settings;
mod spill;

pub use settings::{Settings, Surroundings};

use std::process::ExitCode;

use clap::Parser;

use crate::console::Console;

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
    let arguments = match arguments::Arguments::try_parse_from(&surroundings.arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and versions are no errors; `print` sends each to the right stream.
            let exit = if error.use_stderr() { Exit::CouldNotStart } else { Exit::Success };
            let _ = error.print();
            return exit.into();
        }
    };
    let fallback = Console { format: arguments.common.log_format.into(), colour: false, quiet: false };
    let settings = match Settings::resolve(&arguments, surroundings) {
        Ok(settings) => settings,
        Err(problem) => {
            fallback.failure(&problem);
            return Exit::CouldNotStart.into();
        }
    };
    match commands::run(&settings, &arguments.command) {
        Ok(exit) => exit.into(),
        Err(Stop::Reported) => Exit::CouldNotStart.into(),
        Err(Stop::Outside(problem)) => {
            settings.console.failure(&problem);
            Exit::CouldNotStart.into()
        }
    }
}
