//! Who uses whom: a module may use itself and those that `src/lib.rs` declares above it.
//! Looks at every path that starts at `crate`, and at chains of `super` that climb as far; tests count too.

use libtest_mimic::{Failed, Trial};

use super::code_text::{code_only, without_tests};

/// The modules in the order of `src/lib.rs`.
pub(super) fn declared_order(lib: &str) -> Vec<String> {
    let name = |line: &str| Some(line.trim().strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned());
    code_only(lib).lines().filter_map(name).collect()
}

/// `src/graph/resolve.rs` → `graph`; the files of the crate's root belong to no module.
pub(super) fn module_of(path: &str) -> Option<&str> {
    let below = path.strip_prefix("src/")?;
    match below.split_once('/') {
        Some((folder, _)) => (folder != "bin").then_some(folder),
        None => Some(below.trim_end_matches(".rs")).filter(|it| !matches!(*it, "lib" | "main")),
    }
}

/// Every use of a module that stands below the file's own.
pub(super) fn upward(path: &str, text: &str, order: &[String]) -> Vec<String> {
    let Some(own) = module_of(path) else { return Vec::new() };
    let Some(rank) = order.iter().position(|it| it == own) else { return Vec::new() };
    let code = code_only(text);
    let tests_start = without_tests(text).len();
    let mut used: Vec<(usize, String)> = paths_from(&code, "crate::");
    used.extend(climbing(&code, depth(path), tests_start));
    used.sort();
    used.dedup();
    let mut findings = Vec::new();
    for (offset, name) in used {
        if order.iter().position(|it| *it == name).is_some_and(|it| it > rank) {
            let line = code[..offset].matches('\n').count() + 1;
            findings.push(format!(
                "{path}:{line}: `{own}` uses `{name}`, which src/lib.rs declares below it: move what is needed up, or \
                 take it as an argument"
            ));
        }
    }
    findings
}

/// How many `super`s lead from a file's top level to the crate's root.
fn depth(path: &str) -> usize {
    let folders = path.matches('/').count() - 1;
    if path.ends_with("/mod.rs") { folders } else { folders + 1 }
}

/// The first names of all paths with this start, one or many: `crate::a`, `crate::{a, b::c}`.
fn paths_from(code: &str, start: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(start) {
        let joined = code[..at].ends_with(|it: char| it.is_alphanumeric() || it == '_' || it == ':');
        if !joined {
            names.extend(first_names(code, at + start.len()));
        }
    }
    names
}

/// Paths that begin with as many `super`s as lead to the root, one more inside the module of tests.
fn climbing(code: &str, depth: usize, tests_start: usize) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    let to_root = "super::".repeat(depth);
    for (at, _) in code.match_indices(&to_root) {
        let inside_tests = at >= tests_start;
        let end = at + to_root.len();
        let end = if inside_tests && code[end..].starts_with("super::") { end + "super::".len() } else { end };
        let climbed = (end - at) / "super::".len();
        let is_chain_start = !code[..at].ends_with(':');
        if is_chain_start && climbed == depth + usize::from(inside_tests) {
            names.extend(first_names(code, end));
        }
    }
    names
}

fn first_names(code: &str, at: usize) -> Vec<(usize, String)> {
    let name_at = |at: usize| -> String {
        code[at..].chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect::<String>()
    };
    if !code[at..].starts_with('{') {
        return vec![(at, name_at(at))];
    }
    let mut names = Vec::new();
    let mut nested = 0;
    let mut expects_name = false;
    for (offset, character) in code[at..].char_indices() {
        match character {
            '{' => nested += 1,
            '}' => nested -= 1,
            _ => {}
        }
        match character {
            '{' | ',' => expects_name = nested == 1,
            it if it.is_whitespace() => {}
            _ if expects_name => {
                names.push((at + offset, name_at(at + offset)));
                expects_name = false;
            }
            _ => {}
        }
        if nested == 0 {
            break;
        }
    }
    names
}

pub(super) fn trials() -> Vec<Trial> {
    const LIB: &str = "/// a\npub mod files;\n/// b\npub mod graph;\n#[cfg(feature = \"engine\")]\npub mod plan;\n";

    fn check(path: &str, text: &str, lines: &[usize]) {
        let findings = upward(path, text, &declared_order(LIB));
        let expected: Vec<String> = lines.iter().map(|it| format!("{path}:{it}: ")).collect();
        let fits = findings.len() == expected.len() && findings.iter().zip(&expected).all(|(a, b)| a.starts_with(b));
        assert!(fits, "{path}: {text}: expected lines {lines:?}, found {findings:?}");
    }

    fn an_upward_import() -> Result<(), Failed> {
        check("src/files/mod.rs", "//! a\nuse crate::graph::Node;\n", &[2]);
        check("src/graph/mod.rs", "fn f() { crate::plan::check() }", &[1]);
        check("src/graph/resolve.rs", "use crate::{\n    files::{self, plan},\n    plan::Scope,\n};", &[3]);
        check("src/graph/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::plan::x;\n}", &[3]);
        check("src/graph/mod.rs", "use super::plan;", &[1]);
        check("src/graph/resolve.rs", "use super::super::plan;", &[1]);
        check("src/graph/mod.rs", "#[cfg(test)]\nmod tests {\n    use super::super::plan;\n}", &[3]);
        Ok(())
    }

    fn what_is_allowed() -> Result<(), Failed> {
        check("src/plan/mod.rs", "use crate::{files, graph::Node};\nuse crate::plan::x;", &[]);
        check("src/graph/mod.rs", "// use crate::plan\nconst A: &str = \"crate::plan\";", &[]);
        check("src/graph/resolve.rs", "use super::plan;", &[]);
        check("src/graph/mod.rs", "#[cfg(test)]\nmod tests {\n    use super::plan;\n}", &[]);
        check("src/main.rs", "use crate::plan;", &[]);
        Ok(())
    }

    vec![
        Trial::test("architecture::imports::finds_an_upward_import", an_upward_import),
        Trial::test("architecture::imports::allows_what_is_above", what_is_allowed),
    ]
}
