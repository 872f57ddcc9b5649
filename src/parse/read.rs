//! Reading a project's text files, with words for what can go wrong.

use std::io;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, SourceText, Span};
use crate::files::ProjectFiles;

/// A file's text.
///
/// # Errors
/// The file can't be read, or is not UTF-8; then the place of the first bad byte.
pub fn read_text(files: &dyn ProjectFiles, path: &str) -> Result<Arc<SourceText>, Diagnostic> {
    let bytes = files.read(path).map_err(|error| unreadable(path, &error))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceText::new(path, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let lossy = SourceText::new(path, String::from_utf8_lossy(error.as_bytes()));
            let span = Span::new(&lossy, at..at + '\u{fffd}'.len_utf8());
            Err(Diagnostic::error(Code::BadEncoding, format!("{path} is not UTF-8"))
                .at(span)
                .help("save the file as UTF-8"))
        }
    }
}

/// Words for a failed read.
pub(super) fn unreadable(path: &str, error: &io::Error) -> Diagnostic {
    let diagnostic = |message: String| Diagnostic::error(Code::UnreadableFile, message);
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            diagnostic(format!("no permission to read {path}")).help(format!("try `chmod u+r {path}`"))
        }
        io::ErrorKind::NotFound => Diagnostic::error(Code::MissingFile, format!("there is no file {path}")),
        _ => diagnostic(format!("{path} can't be read: {error}")),
    }
}
