//! What went wrong while a query ran, in the user's words.
//! What a plan could have told is [`super::problem`]'s business; here only the data and the machine are left to blame.

use datafusion::error::DataFusionError;

use crate::diagnostics::{Code, Diagnostic, Span};
use crate::plan::problem::innermost;
use crate::plan::wording::{between, in_sql, rephrase, tidy};

/// Says why a query failed. `place` is the file that it came from: the engine doesn't say more.
pub fn explain_execution(error: &DataFusionError, who: &str, place: &Span) -> Diagnostic {
    let root = innermost(error).find_root();
    let message = root.strip_backtrace();
    let said = |code, words: String| Diagnostic::error(code, format!("{who}: {words}"));
    let problem = if let DataFusionError::ResourcesExhausted(_) = root {
        said(Code::InvalidQuery, "the memory limit is reached, and nothing more can be spilled".to_owned())
            .help("raise `memory_limit` in the profile, or lower `threads`")
    } else if let Some(problem) = of_the_machine(&message, who) {
        problem
    } else if let Some(problem) = of_the_files(&message, who) {
        problem
    } else if let Some(problem) = of_the_values(&message, who) {
        problem
    } else if let Some(problem) = rephrase(&message, who) {
        problem
    } else {
        said(Code::InvalidQuery, tidy(&message))
    };
    problem.at(place.clone())
}

fn of_the_machine(message: &str, who: &str) -> Option<Diagnostic> {
    if message.contains("No space left on device") {
        return Some(
            Diagnostic::error(Code::UnreadableFile, format!("{who}: the disk is full"))
                .help("make room and run again; what was there before is untouched"),
        );
    }
    if message.contains("Permission denied") {
        // `Unable to open file /a/b.csv: Permission denied (os error 13)`, in the words of several layers.
        let file = message.split([' ', ':', '"']).find(|it| it.starts_with('/') && it.len() > 1);
        let file = file.map(|it| format!(" for {it}")).unwrap_or_default();
        return Some(
            Diagnostic::error(Code::UnreadableFile, format!("{who}: no permission{file}"))
                .help("check the permissions of the file and of the folders above it"),
        );
    }
    None
}

fn of_the_files(message: &str, who: &str) -> Option<Diagnostic> {
    let said = |words: &str| Diagnostic::error(Code::UnreadableSource, format!("{who}: {words}"));
    if let Some(fields) = between(message, "incorrect number of fields for line ", "") {
        // A large file is read in parts, each with lines of its own.
        let (line, fields) = fields.split_once(", expected ")?;
        let (expected, got) = fields.split_once(" got ")?;
        return Some(
            said("a line of a source's CSV has too many or too few fields")
                .note(format!(
                    "it has {got} where {expected} are expected, in line {line} of the file or of a part of it"
                ))
                .help("mend the line, or check the source's `delimiter` and `quote`"),
        );
    }
    if let Some(value) = between(message, "Error while parsing value '", "' as type '") {
        let wanted = between(message, "' as type '", "'").map(in_sql).unwrap_or_default();
        let row = between(message, "Row data: '[", "]'").map(|it| format!("in the row `{it}`"));
        let problem = said(&format!("`{value}` in a source's file is no {wanted}"));
        let problem = match row {
            Some(row) => problem.note(row),
            None => problem,
        };
        return Some(problem.help("mend the file, or declare the column as `varchar` and use `try_cast` in the model"));
    }
    let broken = ["deflate", "gzip", "unexpected end of file", "corrupt", "Corrupt", "invalid Huffman", "zstd"];
    if broken.iter().any(|it| message.contains(it)) {
        return Some(
            said("a source's file is cut off or broken").note(tidy(message)).help("make or fetch the file again"),
        );
    }
    if message.contains("Json error") || message.contains("Parquet error") || message.contains("Csv error") {
        return Some(said(&format!("a source's file can't be read: {}", tidy(message))));
    }
    None
}

fn of_the_values(message: &str, who: &str) -> Option<Diagnostic> {
    let said = |words: String| Diagnostic::error(Code::InvalidQuery, format!("{who}: {words}"));
    if message.contains("Divide by zero") {
        return Some(
            said("a number is divided by zero".to_owned())
                .help("`nullif(divisor, 0)` as the divisor gives null instead"),
        );
    }
    if let Some(value) = between(message, "Cannot cast string '", "' to value of ") {
        let wanted = between(message, "' to value of ", " type").map(in_sql).unwrap_or_default();
        return Some(
            said(format!("the text `{value}` can't be cast to {wanted}"))
                .help("`try_cast` gives null where `cast` fails"),
        );
    }
    if let Some(operation) = between(message, "Overflow happened on: ", "") {
        return Some(
            said(format!("a number gets too large for its type: {operation}"))
                .help("cast one side to a larger type first, such as `bigint`, `decimal` or `double`"),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::SourceText;

    #[test]
    fn the_engines_words_are_left_out() {
        let place = Span::file(&SourceText::new("models/a.sql", "select 1"));
        let check = |engine: &str, expected: &str| {
            let problem = explain_execution(&DataFusionError::Execution(engine.to_owned()), "model `a`", &place);
            assert_eq!(problem.one_line(), format!("models/a.sql:1:1: model `a`: {expected}"));
        };
        check(
            "Parser error: Error while parsing value 'ten' as type 'Float64' for column 1 at line 2. Row data: '[2,ten]'",
            "`ten` in a source's file is no double; mend the file, or declare the column as `varchar` and use \
             `try_cast` in the model",
        );
        check(
            "Unable to open file /a/b.csv: Permission denied (os error 13)",
            "no permission for /a/b.csv; check the permissions of the file and of the folders above it",
        );
        check(
            "Arrow error: Cast error: Cannot cast string '2026-02-30' to value of Date32 type",
            "the text `2026-02-30` can't be cast to date; `try_cast` gives null where `cast` fails",
        );
    }
}
