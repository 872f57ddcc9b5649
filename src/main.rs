//! The command. Reads the outside world once and hands it to the library.

use std::process::ExitCode;

use arrowmill::cli::{self, Surroundings};
use arrowmill::console::Console;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::disallowed_methods, reason = "the one place where clock, environment and current folder are read")]
fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    #[cfg(unix)]
    keep_memory(&arguments);
    let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    cli::main(Surroundings {
        arguments,
        environment: std::env::vars_os().filter_map(readable).collect(),
        folder: std::env::current_dir().unwrap_or_default(),
        now: chrono::Utc::now(),
        begun: std::time::Instant::now(),
        invocation_id: uuid::Uuid::new_v4().to_string(),
        is_terminal: Console::is_terminal(),
    })
}

/// Starts the process anew with an allocator that keeps the memory it has, under the same number.
///
/// Batches of rows come and go by the gigabyte. By default mimalloc gives memory back after a second without use, and the
/// kernel clears each page when it is asked for again: a tenth of all CPU time of a large build (docs/benchmarks.md). The
/// allocator reads this option once, from the environment, before `main`; setting it from within takes unsafe code. Whoever
/// has set it is left alone, and so are commands that only say something.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the environment is read before the command exists")]
fn keep_memory(arguments: &[std::ffi::OsString]) {
    use std::os::unix::process::CommandExt;

    const OPTION: &str = "MIMALLOC_PURGE_DELAY";
    const NEVER: &str = "-1";
    let [name, command, rest @ ..] = arguments else { return };
    if std::env::var_os(OPTION).is_some() || command.as_encoded_bytes().starts_with(b"-") {
        return;
    }
    if let Ok(own) = std::env::current_exe() {
        // Where it can't be started anew, it goes on as it is.
        let _ = std::process::Command::new(own).arg0(name).arg(command).args(rest).env(OPTION, NEVER).exec();
    }
}
