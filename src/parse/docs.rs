//! `{% docs name %} … {% enddocs %}` blocks in Markdown files, and which of them a description uses.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostics::SourceText;

#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below compiles it")]
static BLOCK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)\{%-?(?-u:\s*docs\s+(\w+)\s*)-?%\}(.*?)\{%-?(?-u:\s*enddocs\s*)-?%\}").unwrap());
#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below compiles it")]
static CALL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?-u)\bdoc\s*\(\s*(?:["'](\w+)["']\s*,\s*)?["'](\w+)["']\s*\)"#).unwrap());

/// A documentation block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocBlock {
    /// Its package.
    pub package: String,
    /// Its name.
    pub name: String,
    /// The file that holds it, relative to the project.
    pub path: String,
    /// Markdown.
    pub text: String,
}

impl DocBlock {
    /// dbt's `unique_id`.
    pub fn id(&self) -> String {
        format!("doc.{}.{}", self.package, self.name)
    }
}

/// The blocks of one file.
pub(super) fn blocks(package: &str, source: &SourceText) -> Vec<DocBlock> {
    let block = |it: regex::Captures<'_>| DocBlock {
        package: package.to_owned(),
        name: it[1].to_owned(),
        path: source.path.clone(),
        text: it[2].trim().to_owned(),
    };
    BLOCK.captures_iter(&source.text).map(block).collect()
}

/// Ids of the blocks that a description's `{{ doc() }}` calls mean: the own package's first, then any.
pub(super) fn used(description: &str, package: &str, all: &[DocBlock]) -> Vec<String> {
    let find = |call: regex::Captures<'_>| {
        let of = call.get(1).map_or(package, |it| it.as_str());
        let mut named = all.iter().filter(|it| it.name == call[2]);
        let own = named.clone().find(|it| it.package == of);
        own.or_else(|| named.next()).map(DocBlock::id)
    };
    let mut ids: Vec<String> = Vec::new();
    for id in CALL.captures_iter(description).filter_map(find) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_their_uses_are_found() {
        let source = SourceText::new("models/a.md", "# x\n{% docs a_b %}\nHello.\n{% enddocs %}\n");
        let found = blocks("shop", &source);
        assert_eq!((found[0].text.as_str(), found[0].id().as_str()), ("Hello.", "doc.shop.a_b"));
        assert_eq!(used("x {{ doc('a_b') }} {{ doc(\"shop\", \"a_b\") }}", "shop", &found), ["doc.shop.a_b"]);
        assert!(used("{{ doc('other') }}", "shop", &found).is_empty());
    }
}
