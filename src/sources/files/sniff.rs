//! What files tell of themselves where nobody has declared it: what stands between the values of CSV, which of its numbers
//! are none, because they begin with a zero; whether JSON is one list.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::provider_as_source;
use datafusion::error::{DataFusionError, Result};
use datafusion::functions::expr_fn::regexp_like;
use datafusion::functions_aggregate::expr_fn::bool_or;
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use datafusion::physical_plan::collect;
use datafusion::prelude::ident;
use futures::{StreamExt, stream};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

/// Rows that are looked at to know what columns hold; as many as DuckDB looks at.
pub(in crate::sources) const SAMPLE: usize = 20_480;

/// Bytes of a file in which its first line ends.
const BEGINNING: u64 = 16 * 1024;

/// What stands between values, when it is no comma.
const OTHERS: [char; 3] = [';', '|', '\t'];

/// A file that is looked at.
pub(super) struct LookedAt<'a> {
    pub(super) store: &'a Arc<dyn ObjectStore>,
    pub(super) file: &'a ObjectMeta,
    pub(super) compression: &'a FileCompressionType,
}

impl LookedAt<'_> {
    /// The delimiter that its first line has: a comma also where it has only one column. `None` where it can't be read.
    pub(super) async fn delimiter(&self) -> Option<String> {
        let text = self.beginning().await?;
        let text = String::from_utf8_lossy(&text);
        let mut counts = [0_usize; 3];
        let mut quoted = false;
        for character in text.trim_start_matches('\u{feff}').chars() {
            match character {
                '"' => quoted = !quoted,
                '\n' if !quoted => break,
                ',' if !quoted => return Some(",".to_owned()),
                other if !quoted => {
                    if let Some(at) = OTHERS.iter().position(|it| *it == other) {
                        counts[at] += 1;
                    }
                }
                _ => {}
            }
        }
        let (at, count) = counts.iter().enumerate().max_by_key(|(_, count)| **count)?;
        Some(if *count > 0 { OTHERS[at].to_string() } else { ",".to_owned() })
    }

    /// Whether its JSON is one list of objects, and not an object in each line.
    pub(super) async fn is_list(&self) -> Option<bool> {
        let text = self.beginning().await?;
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        Some(text.iter().find(|it| !it.is_ascii_whitespace())? == &b'[')
    }

    /// Its first bytes, unpacked.
    async fn beginning(&self) -> Option<Bytes> {
        let bytes = self.store.get_range(&self.file.location, 0..BEGINNING.min(self.file.size)).await.ok()?;
        let packed = stream::once(async move { Ok::<Bytes, DataFusionError>(bytes) }).boxed();
        // What is cut off can't be unpacked to its end, and need not be.
        self.compression.convert_stream(packed).ok()?.next().await?.ok()
    }
}

/// The columns of files, where postcodes and the like are texts: `07124` is no number. `texts` has all columns as texts.
///
/// # Errors
/// The files can't be read.
pub(super) async fn without_leading_zeros(
    inferred: &SchemaRef,
    texts: Arc<dyn TableProvider>,
    session: &dyn Session,
) -> Result<SchemaRef> {
    let numbers: Vec<&Arc<Field>> = inferred.fields().iter().filter(|it| it.data_type() == &DataType::Int64).collect();
    if numbers.is_empty() {
        return Ok(Arc::clone(inferred));
    }
    let begins_with_zero = |it: &&Arc<Field>| bool_or(regexp_like(ident(it.name()), lit("^[-+]?0[0-9]"), None));
    let plan = LogicalPlanBuilder::scan("file", provider_as_source(texts), None)?
        .limit(0, Some(SAMPLE))?
        .aggregate(Vec::<datafusion::logical_expr::Expr>::new(), numbers.iter().map(begins_with_zero))?
        .build()?;
    let batches = collect(session.create_physical_plan(&plan).await?, session.task_ctx()).await?;
    let Some(answers) = batches.iter().find(|it| it.num_rows() == 1) else { return Ok(Arc::clone(inferred)) };
    let is_text = |name: &str| {
        let at = numbers.iter().position(|it| it.name() == name);
        let answer = at.map(|at| answers.column(at).as_boolean());
        answer.is_some_and(|it| it.iter().next().flatten() == Some(true))
    };
    let settle = |field: &Arc<Field>| match is_text(field.name()) {
        true => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8)),
        false => Arc::clone(field),
    };
    Ok(Arc::new(Schema::new(inferred.fields().iter().map(settle).collect::<Vec<_>>())))
}
