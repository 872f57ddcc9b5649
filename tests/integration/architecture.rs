//! What the guide says, the build enforces: module order, file length, complete lists, documented diagnostics, names.
//! Each checker is a function over text that returns its findings, so that a trial can show that it finds something.

mod code_text;
mod imports;
mod lists;

use std::fs;
use std::path::{Path, PathBuf};

use arrowmill::diagnostics::Code;
use libtest_mimic::{Failed, Trial};

use self::code_text::{code_only, without_tests};

/// A file may not reach this many lines, its tests not counted.
const TOO_LONG: usize = 1_000;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["utils", "common", "helpers", "core", "types", "prelude"];

pub(crate) fn trials() -> Vec<Trial> {
    let trial =
        |name: &str, check: fn() -> Vec<String>| Trial::test(format!("architecture::{name}"), move || judge(&check()));
    let mut trials = vec![
        trial("modules_use_only_those_above_them", upward_imports),
        trial("every_folder_is_a_module", undeclared_folders),
        trial("no_file_reaches_a_thousand_lines", long_files),
        trial("lists_are_complete_and_sorted", incomplete_lists),
        trial("every_diagnostic_has_its_page", undocumented_codes),
        trial("names_say_what_is_inside", empty_names),
        trial("every_file_opens_with_its_contract", files_without_contract),
        trial("only_files_touches_the_file_system", file_system_users),
    ];
    trials.extend(code_text::trials());
    trials.extend(imports::trials());
    trials.extend(lists::trials());
    trials.extend(own_trials());
    trials
}

/// No findings is a pass; otherwise all of them at once.
fn judge(findings: &[String]) -> Result<(), Failed> {
    if findings.is_empty() { Ok(()) } else { Err(format!("\n  {}", findings.join("\n  ")).into()) }
}

// ---- the project's own files ----

fn upward_imports() -> Vec<String> {
    let order = imports::declared_order(&read("src/lib.rs"));
    sources().iter().flat_map(|(path, text)| imports::upward(path, text, &order)).collect()
}

/// A folder that `lib.rs` does not declare is not compiled, and no test would notice.
fn undeclared_folders() -> Vec<String> {
    let order = imports::declared_order(&read("src/lib.rs"));
    let mut findings: Vec<String> = sources()
        .iter()
        .filter_map(|(path, _)| imports::module_of(path).map(str::to_owned))
        .filter(|it| !order.contains(it))
        .map(|it| format!("src/{it} is not declared in src/lib.rs: add `pub mod {it};` at its place in the order"))
        .collect();
    findings.dedup();
    findings
}

fn long_files() -> Vec<String> {
    sources().iter().filter_map(|(path, text)| too_long(path, text)).collect()
}

fn incomplete_lists() -> Vec<String> {
    lists::FOLDERS
        .iter()
        .filter(|it| root().join(it).is_dir())
        .flat_map(|folder| {
            let list = format!("{folder}/mod.rs");
            let names = fs::read_dir(root().join(folder)).unwrap().map(|it| it.unwrap().path());
            let names = names.filter(|it| it.is_dir() || it.extension().is_some_and(|it| it == "rs"));
            let mut names: Vec<String> = names.map(|it| it.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
            names.retain(|it| it != "mod" && it != "tests");
            names.sort();
            lists::incomplete(&list, &read(&list), &names)
        })
        .collect()
}

fn undocumented_codes() -> Vec<String> {
    let codes: Vec<&str> = Code::ALL.iter().map(|it| it.as_str()).collect();
    without_section(&codes, &read("docs/diagnostics.md"))
}

fn empty_names() -> Vec<String> {
    sources().iter().filter_map(|(path, _)| empty_name(path)).collect()
}

fn files_without_contract() -> Vec<String> {
    sources().iter().filter_map(|(path, text)| without_contract(path, text)).collect()
}

fn file_system_users() -> Vec<String> {
    sources().iter().filter_map(|(path, text)| file_system_use(path, text)).collect()
}

// ---- the checkers ----

/// Tests in a file of their own are still tests.
fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn too_long(path: &str, text: &str) -> Option<String> {
    let lines = without_tests(text).lines().count();
    (lines >= TOO_LONG && !is_test_file(path)).then(|| {
        format!("{path} has {lines} lines without its tests, and {TOO_LONG} are too many: which two concepts is it?")
    })
}

fn without_section(codes: &[&str], document: &str) -> Vec<String> {
    let sections: Vec<&str> = document.lines().filter_map(|it| it.strip_prefix("## ")).map(str::trim).collect();
    let missing = codes.iter().filter(|it| !sections.contains(it));
    let missing = missing.map(|it| format!("docs/diagnostics.md has no section `## {it}`: what it means, what to do"));
    let stale = sections.iter().filter(|it| !codes.contains(it));
    let stale = stale.map(|it| format!("docs/diagnostics.md describes `{it}`, which src/diagnostics/code.rs lacks"));
    let mut sorted = sections.clone();
    sorted.sort_unstable();
    let order = (sorted != sections).then(|| "docs/diagnostics.md: the sections are not sorted".to_owned());
    missing.chain(stale).chain(order).collect()
}

fn empty_name(path: &str) -> Option<String> {
    let parts = path.trim_end_matches(".rs").split('/');
    let name = parts.into_iter().find(|it| EMPTY_NAMES.contains(it))?;
    Some(format!("{path}: `{name}` says nothing: put a helper beside its caller, or name the concept"))
}

fn without_contract(path: &str, text: &str) -> Option<String> {
    (!text.starts_with("//! ")).then(|| format!("{path} does not open with `//!`: what comes in, what goes out"))
}

fn file_system_use(path: &str, text: &str) -> Option<String> {
    let allowed = path.starts_with("src/files/") || is_test_file(path);
    let code = code_only(without_tests(text));
    let used = ["std::fs", "tokio::fs", "fs::File", "File::open", "File::create"].iter().find(|it| code.contains(**it));
    let used = used.filter(|_| !allowed)?;
    Some(format!("{path} uses `{used}`: only src/files touches the file system"))
}

// ---- what they find ----

fn own_trials() -> Vec<Trial> {
    fn a_thousand_lines() -> Result<(), Failed> {
        let (short, long) = ("//! a\n".repeat(999), "//! a\n".repeat(1_000));
        assert_eq!(too_long("src/a.rs", &short), None);
        assert!(too_long("src/a.rs", &long).is_some_and(|it| it.starts_with("src/a.rs has 1000 lines")));
        let with_tests = short.clone() + "#[cfg(test)]\nmod tests {\n}\n" + &short;
        assert_eq!(too_long("src/a.rs", &with_tests), None);
        assert_eq!(too_long("src/a/tests.rs", &long), None);
        Ok(())
    }

    fn missing_and_stale_sections() -> Result<(), Failed> {
        assert!(without_section(&["a", "b"], "# Codes\n\n## a\n\ntext\n\n## b\n").is_empty());
        let findings = without_section(&["a", "b"], "## c\n## b\n");
        assert!(findings.iter().any(|it| it.contains("no section `## a`")), "{findings:?}");
        assert!(findings.iter().any(|it| it.contains("describes `c`")), "{findings:?}");
        assert!(findings.iter().any(|it| it.contains("not sorted")), "{findings:?}");
        Ok(())
    }

    fn names_contracts_and_the_file_system() -> Result<(), Failed> {
        assert!(empty_name("src/graph/utils.rs").is_some() && empty_name("src/core/mod.rs").is_some());
        assert_eq!(empty_name("src/plan/column_types.rs"), None);
        assert!(without_contract("src/a.rs", "use b;\n").is_some());
        assert_eq!(without_contract("src/a.rs", "//! Turns a into b.\n"), None);
        assert!(file_system_use("src/graph/mod.rs", "fn f() { std::fs::read(\"a\"); }").is_some());
        assert_eq!(file_system_use("src/files/disk.rs", "use std::fs;"), None);
        assert_eq!(file_system_use("src/graph/mod.rs", "// not std::fs\nfn f() {}"), None);
        Ok(())
    }

    vec![
        Trial::test("architecture::finds_a_thousand_lines", a_thousand_lines),
        Trial::test("architecture::finds_missing_and_stale_sections", missing_and_stale_sections),
        Trial::test("architecture::finds_names_contracts_and_the_file_system", names_contracts_and_the_file_system),
    ]
}

// ---- reading ----

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} can't be read: {error}"))
}

/// All Rust files below `src`, sorted, with paths from the repository's root.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if root().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                found.push(path.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found.into_iter().map(|path| (path.clone(), read(&path))).collect()
}
