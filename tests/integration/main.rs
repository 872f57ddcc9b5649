//! The one integration-test binary: every further one would cost another link of the engine.
//! Each module gives its trials; `tests/README.md` says what belongs where.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests look at the disk and the environment themselves, say what they have counted, and a panic is how they fail"
)]

mod architecture;
mod cases;
mod certificates;
mod ingest;
mod killing;
mod lineage;
mod monitor;
mod oracle;
mod reuse;
mod serving;
mod stores;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let trials = [
        architecture::trials(),
        cases::trials(),
        ingest::trials(),
        killing::trials(),
        lineage::trials(),
        monitor::trials(),
        oracle::trials(),
        reuse::trials(),
        serving::trials(),
        stores::trials(),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
}
