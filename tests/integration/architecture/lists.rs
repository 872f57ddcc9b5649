//! One kind, one file, one line in a list: what lies in such a folder is declared in its `mod.rs`, in sorted order,
//! and named in its `ALL`.

use libtest_mimic::{Failed, Trial};

use super::code_text::{code_only, without_tests};

/// Folders where to add a kind is to add a file and a line.
pub(super) const FOLDERS: [&str; 10] = [
    "src/cli/commands",
    "src/data_tests/kinds",
    "src/ingest/formats",
    "src/ingest/rules",
    "src/jinja/functions",
    "src/materialize/kinds",
    "src/monitors/kinds",
    "src/plan/review/kinds",
    "src/select/methods",
    "src/sources",
];

/// What is missing from a list. `names` are the files and folders beside it, sorted.
pub(super) fn incomplete(path: &str, text: &str, names: &[String]) -> Vec<String> {
    let code = code_only(without_tests(text));
    let declared: Vec<&str> = code.lines().filter_map(declaration).filter(|it| *it != "tests").collect();
    let mut findings = Vec::new();
    for name in names.iter().filter(|it| !declared.contains(&it.as_str())) {
        findings.push(format!("{path} does not declare `mod {name};`, so {name}.rs is not compiled"));
    }
    if !declared.is_sorted() {
        findings.push(format!("{path}: the `mod` lines are not sorted: {}", declared.join(", ")));
    }
    let Some(all) = all_list(&code) else { return findings };
    let listed: Vec<&str> = declared.iter().copied().filter(|it| position(all, it).is_some()).collect();
    for name in declared.iter().filter(|it| !listed.contains(*it)) {
        // What the list's own folder only lends a hand with is used from here by its name.
        let is_hand = code.lines().any(|line| line.contains("use ") && position(line, name).is_some());
        if !is_hand {
            findings.push(format!("{path}: `ALL` does not name `{name}`, so nothing reaches it"));
        }
    }
    if !listed.iter().map(|it| position(all, it)).is_sorted() {
        findings.push(format!("{path}: `ALL` is not sorted as the `mod` lines are"));
    }
    findings
}

fn declaration(line: &str) -> Option<&str> {
    let (before, name) = line.trim().strip_suffix(';')?.rsplit_once("mod ")?;
    (before.is_empty() || before.starts_with("pub")).then_some(name)
}

/// What stands between the brackets of `ALL`, if there is one.
fn all_list(code: &str) -> Option<&str> {
    let start = ["const ALL: ", "static ALL: "].iter().find_map(|it| code.find(it))?;
    let value = start + code[start..].find('=')?;
    Some(&code[value..value + code[value..].find(';')?])
}

/// Where a path through the module stands.
fn position(text: &str, name: &str) -> Option<usize> {
    let is_whole = |at: usize| !text[..at].ends_with(|it: char| it.is_alphanumeric() || it == '_');
    text.match_indices(&format!("{name}::")).map(|(at, _)| at).find(|at| is_whole(*at))
}

pub(super) fn trials() -> Vec<Trial> {
    fn check(text: &str, names: &[&str], expected: &[&str]) {
        let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
        let findings = incomplete("mod.rs", text, &names);
        let fits = findings.len() == expected.len() && findings.iter().zip(expected).all(|(a, b)| a.contains(b));
        assert!(fits, "{text}: expected {expected:?}, found {findings:?}");
    }

    fn what_is_missing() -> Result<(), Failed> {
        let list = "mod a;\nmod b;\nstatic ALL: &[&dyn T] = &[&a::A, &b::B];\n";
        check(list, &["a", "b"], &[]);
        check(list, &["a", "b", "c"], &["does not declare `mod c;`"]);
        check("mod b;\nmod a;\n", &["a", "b"], &["`mod` lines are not sorted"]);
        check("mod a;\nmod b;\nconst ALL: &[T] = &[a::A];\n", &["a", "b"], &["`ALL` does not name `b`"]);
        check("mod a;\nmod b;\nconst ALL: &[T] = &[b::B, a::A];\n", &["a", "b"], &["`ALL` is not sorted"]);
        check("mod a;\nmod b;\npub use b::B;\nconst ALL: &[T] = &[a::A];\n", &["a", "b"], &[]);
        Ok(())
    }

    vec![Trial::test("architecture::lists::finds_what_is_missing", what_is_missing)]
}
