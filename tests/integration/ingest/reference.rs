//! The reference project as its README tells it: from raw files, some of them bad, to tables and a watch over them.

use std::process::{Command, Stdio};

use libtest_mimic::Failed;

use crate::oracle::reference_project;

pub(super) fn walk() -> Result<(), Failed> {
    let project = reference_project()?;
    let run = |arguments: &[&str], code: i32, says: &[&str]| -> Result<(), Failed> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arrowmill"));
        command.args(arguments).current_dir(project.path()).env("CLICKSTREAM_RAW", "data/inbox");
        let output = command.stdin(Stdio::null()).output()?;
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let missing = says.iter().find(|it| !printed.contains(**it));
        match (output.status.code() == Some(code), missing) {
            (true, None) => Ok(()),
            (false, _) => Err(format!("{arguments:?} ended with {:?}: {printed}", output.status.code()).into()),
            (true, Some(words)) => Err(format!("{arguments:?} does not say `{words}`: {printed}").into()),
        }
    };
    let more = ["--format", "csv.gz", "--out", "data/inbox"];
    run(&[&["generate", "--events", "60000", "--days", "60", "--dirty", "0.02"], &more[..]].concat(), 0, &[])?;
    run(&["ingest"], 0, &["60,000 rows: 58,800 valid, 1,200 invalid"])?;
    run(&["build", "--quiet"], 0, &[])?;
    run(&["monitor", "--as-of", "2026-03-02"], 0, &["2 %: 1200 of 60000 rows", "13 checks: 13 pass"])?;
    let count = "select count(*) as c from {{ ref('stg_events') }}";
    run(&["show", "--quiet", "--output", "csv", "--inline", count], 0, &["58800"])?;
    // A good day, by itself; nothing of before is taken twice.
    run(&["generate", "--append-day", "--out", "data/inbox"], 0, &["events_2026-03-02.csv.gz"])?;
    run(&["ingest"], 0, &["1 taken, 1 taken before"])?;
    run(&["build", "--quiet"], 0, &[])?;
    // A bad one: refused for that reason, and the watch fails for no other.
    run(&["generate", "--append-day", "--dirty", "0.058", "--out", "data/inbox"], 0, &[])?;
    run(&["ingest"], 1, &["of its rows are bad where 5 % are allowed", "1 refused, 2 taken before"])?;
    run(&["build", "--quiet"], 0, &[])?;
    run(&["monitor", "--as-of", "2026-03-03"], 1, &["13 checks: 12 pass, 1 fail", "at most 5 %"])
}
