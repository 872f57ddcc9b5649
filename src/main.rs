//! The command. Reads the outside world once and hands it to the library.

use std::process::ExitCode;

use arrowmill::cli::{self, Surroundings};
use arrowmill::console::Console;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::disallowed_methods, reason = "the one place where clock, environment and current folder are read")]
fn main() -> ExitCode {
    let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    cli::main(Surroundings {
        arguments: std::env::args_os().collect(),
        environment: std::env::vars_os().filter_map(readable).collect(),
        folder: std::env::current_dir().unwrap_or_default(),
        now: chrono::Utc::now(),
        begun: std::time::Instant::now(),
        invocation_id: uuid::Uuid::new_v4().to_string(),
        is_terminal: Console::is_terminal(),
    })
}
