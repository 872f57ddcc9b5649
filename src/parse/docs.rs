//! `{% docs name %} … {% enddocs %}` blocks in Markdown files.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below compiles it")]
static BLOCK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)\{%-?(?-u:\s*docs\s+(\w+)\s*)-?%\}(.*?)\{%-?(?-u:\s*enddocs\s*)-?%\}").unwrap());

/// The blocks of one file, by name.
pub(super) fn blocks(text: &str) -> BTreeMap<String, String> {
    BLOCK.captures_iter(text).map(|it| (it[1].to_owned(), it[2].trim().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn blocks_are_found() {
        let found = super::blocks("# x\n{% docs a_b %}\nHello.\n{% enddocs %}\n");
        assert_eq!(found["a_b"], "Hello.");
    }
}
