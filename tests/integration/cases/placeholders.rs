//! What differs from run to run or from release to release, replaced by a word in brackets.

use std::path::Path;
use std::sync::LazyLock;

use libtest_mimic::{Failed, Trial};
use regex::Regex;

/// In this order: a timestamp holds what looks like a duration.
static PATTERNS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let patterns = [
        (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}\.\d+(Z|[+-]\d{2}:\d{2})?", "[timestamp]"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "[uuid]"),
        (r"\b(\d+m ?)?\d+(\.\d+)? ?(ms|µs|s)\b", "[time]"),
        (r"\b\d+(\.\d+)? (B|kB|KB|MB|GB|KiB|MiB|GiB)\b", "[size]"),
        (r#""size":\d+"#, r#""size":[size]"#),
        // Columns are padded by the width of what stood there.
        (r" {2,}\[(time|size)\]", "  [$1]"),
    ];
    patterns.map(|(pattern, word)| (Regex::new(pattern).unwrap(), word)).into()
});

/// The text with placeholders. `sandbox` is the folder of the folders `project` and `home`.
pub(super) fn put_in(text: &str, sandbox: &Path) -> String {
    let mut text = text.to_owned();
    for folder in ["project", "home"] {
        let path = format!("{}/{folder}", sandbox.to_str().unwrap());
        let word = format!("[{folder}]");
        // The engine writes paths without the first slash.
        text = text.replace(&path, &word).replace(path.trim_start_matches('/'), &word);
    }
    // As people, as URIs and as OpenLineage's facet have it.
    for before in ["arrowmill ", "arrowmill://", "\"arrowmill\",\"version\":\""] {
        text = text.replace(&format!("{before}{}", env!("CARGO_PKG_VERSION")), &format!("{before}[version]"));
    }
    PATTERNS.iter().fold(text, |text, (pattern, word)| pattern.replace_all(&text, *word).into_owned())
}

pub(super) fn trials() -> Vec<Trial> {
    fn words_in_brackets() -> Result<(), Failed> {
        let check = |text: &str, expected: &str| assert_eq!(put_in(text, Path::new("/tmp/x")), expected);
        check("in 0.12s, 3 ms, 1m 2s", "in [time], [time], [time]");
        check("/tmp/x/home/.dbt", "[home]/.dbt");
        check("table a       0.12s", "table a  [time]");
        check("12.5 KiB of `4GiB`, 120 B", "[size] of `4GiB`, [size]");
        check("/tmp/x/project/a.csv at tmp/x/project/a.csv", "[project]/a.csv at [project]/a.csv");
        check("2026-11-21T01:02:03.456Z", "[timestamp]");
        check("2026-11-21 01:02:03", "2026-11-21 01:02:03");
        check("67e55044-10b1-426f-9247-bb680e5fe0c8", "[uuid]");
        check(concat!("arrowmill ", env!("CARGO_PKG_VERSION")), "arrowmill [version]");
        Ok(())
    }

    vec![Trial::test("cases::placeholders::words_in_brackets", words_in_brackets)]
}
