//! A project that exists only in memory, for tests and for checks of unsaved text.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{FileStamp, ProjectFiles};

/// Files by path.
#[derive(Debug, Default)]
pub struct InMemory {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl InMemory {
    /// A project of these files.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
        InMemory { files: Mutex::new(files.collect()) }
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    folder.is_empty() || folder == "." || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

impl ProjectFiles for InMemory {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.files().get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        Ok(self.files().keys().filter(|path| is_below(path, folder)).cloned().collect())
    }

    fn folders(&self, folder: &str) -> io::Result<Vec<String>> {
        let folder = folder.trim_end_matches('/');
        let below = |path: &String| {
            let (name, _) = path.strip_prefix(folder)?.trim_start_matches('/').split_once('/')?;
            Some(name.to_owned())
        };
        let names: BTreeSet<String> = self.list(folder)?.iter().filter_map(below).collect();
        Ok(names.into_iter().collect())
    }

    fn exists(&self, path: &str) -> bool {
        self.files().keys().any(|it| it == path || is_below(it, path))
    }

    fn stamp(&self, path: &str) -> io::Result<FileStamp> {
        let bytes = self.read(path)?.len() as u64;
        Ok(FileStamp { bytes, modified_nanos: 0 })
    }

    fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        self.files().insert(path.to_owned(), content.to_vec());
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.files().retain(|it, _| it != path && !is_below(it, path));
        Ok(())
    }
}
