//! What a source's files are: the same digest means the same rows. Without reading them, by what the store says of each
//! file; with `source_identity: content`, by all that is in them.

use datafusion::catalog::Session;
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::error::Result;
use object_store::{ObjectMeta, ObjectStoreExt};

use super::SourceOptions;
use crate::project::Json;
use crate::reuse::Digest;

/// The identity of files, with the options that they are read with.
///
/// # Errors
/// Their content counts, and can't be read.
pub(super) async fn of_files(
    options: &SourceOptions,
    url: &ListingTableUrl,
    files: &[ObjectMeta],
    session: &dyn Session,
) -> Result<Digest> {
    let by_content = options.text("source_identity") == Some("content");
    let how = Json::Object(options.options.clone()).to_string();
    let mut parts = vec![Digest::text("options", &how)];
    for file in files {
        parts.push(if by_content {
            let store = session.runtime_env().object_store(url)?;
            let bytes = store.get(&file.location).await?.bytes().await?;
            Digest::bytes("file", &bytes)
        } else {
            let version = file.e_tag.clone().unwrap_or_else(|| file.last_modified.to_rfc3339());
            Digest::texts("file", [file.location.as_ref(), &file.size.to_string(), &version])
        });
        // The values of its partitions are in its path.
        let below: Vec<String> = url.strip_prefix(&file.location).into_iter().flatten().map(str::to_owned).collect();
        parts.push(Digest::texts("path", below.iter().map(String::as_str)));
    }
    Ok(Digest::of("files", &parts))
}
