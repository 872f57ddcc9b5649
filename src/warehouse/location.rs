//! From the text of a target's `warehouse` to a store and a root in it.

use std::path::Path as FilePath;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;

/// A store and the root of a warehouse in it.
#[derive(Debug, Clone)]
pub struct Location {
    /// The store.
    pub store: Arc<dyn ObjectStore>,
    /// The store's URL, as the engine's registry knows it.
    pub url: String,
    /// The warehouse's root in the store.
    pub root: Path,
    /// As the user wrote it.
    pub display: String,
}

/// A warehouse that can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A URL of a kind that is not known.
    #[error("the warehouse `{0}` is of a kind that Arrowmill does not know; use a folder")]
    UnknownScheme(String),
    /// A path that cannot be one.
    #[error("the warehouse `{path}` is no usable path: {source}")]
    BadPath {
        /// As written.
        path: String,
        /// Why.
        source: object_store::path::Error,
    },
}

impl Location {
    /// A folder, relative to the project's directory unless absolute.
    ///
    /// # Errors
    /// Text that names no folder.
    pub fn open(text: &str, project: &FilePath) -> Result<Location, OpenError> {
        let folder = text.strip_prefix("file://").unwrap_or(text);
        if folder.contains("://") {
            return Err(OpenError::UnknownScheme(text.to_owned()));
        }
        let absolute = project.join(folder.trim_start_matches("./"));
        let root = Path::from_absolute_path(&absolute)
            .map_err(|source| OpenError::BadPath { path: text.to_owned(), source })?;
        Ok(Location {
            store: Arc::new(LocalFileSystem::new()),
            url: "file://".to_owned(),
            root,
            display: text.trim_end_matches('/').to_owned(),
        })
    }
}
