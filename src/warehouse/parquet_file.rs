//! A Parquet file in a store, read piece by piece.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

/// A file that is read where it lies.
#[derive(Debug, Clone)]
pub struct ParquetFile {
    /// Where it is.
    pub store: Arc<dyn ObjectStore>,
    /// Which.
    pub path: Path,
    /// Its length in bytes.
    pub bytes: u64,
}

fn outside(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for ParquetFile {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        Box::pin(async move { self.store.get_range(&self.path, range).await.map_err(outside) })
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        Box::pin(async move { self.store.get_ranges(&self.path, &ranges).await.map_err(outside) })
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        Box::pin(async move {
            let wanted = options.map(|it| it.metadata_options().clone());
            let bytes = self.bytes;
            let reader = ParquetMetaDataReader::new().with_metadata_options(wanted);
            Ok(Arc::new(reader.load_and_finish(self, bytes).await?))
        })
    }
}
