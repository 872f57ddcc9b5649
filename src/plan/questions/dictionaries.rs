//! All texts of a column, where its file keeps them in dictionaries and nowhere else: each value once, however many rows.
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/#dictionary-encoding-plain_dictionary--2-and-rle_dictionary--8>

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{DFSchema, ExprSchema};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::PhysicalExpr;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::SerializedPageReader;

use super::files::File;
use super::flow::TESTED;
use crate::plan::Session;

/// Larger dictionaries are no short cut.
const MOST_BYTES: u64 = 1 << 20;

/// Whether the dictionaries of a column have no value for which a condition about it can hold; `None` where there are
/// none, or where the condition is about several columns.
pub(super) async fn leave_out(
    files: &[File],
    store: &dyn ObjectStore,
    condition: &Expr,
    schema: &DFSchema,
    session: &Session,
) -> Option<bool> {
    let [column] = condition.column_refs().into_iter().collect::<Vec<_>>()[..] else { return None };
    let field = schema.field_from_column(column).ok()?;
    if *field.data_type() != DataType::Utf8 {
        return None;
    }
    let alone = Arc::new(Schema::new(vec![Field::new(&column.name, DataType::Utf8, true)]));
    let qualified = DFSchema::try_from_qualified_schema(TESTED, &alone).ok()?;
    let physical = session.state().create_physical_expr(condition.clone(), &qualified).ok()?;
    for file in files {
        let at = file.columns.index_of(&column.name).ok()?;
        let descriptor = file.footer.file_metadata().schema_descr();
        // Columns with columns of their own shift the leaves behind them.
        let leaf = (0..descriptor.num_columns()).find(|leaf| descriptor.get_column_root_idx(*leaf) == at)?;
        for row_group in file.footer.row_groups().iter().filter(|it| it.num_rows() > 0) {
            let texts = values(file, store, row_group.column(leaf)).await?;
            if holds(&physical, &alone, texts)? {
                return Some(false);
            }
        }
    }
    Some(true)
}

/// All values of a column within a row group, with a null where there may be one.
async fn values(file: &File, store: &dyn ObjectStore, column: &ColumnChunkMetaData) -> Option<StringArray> {
    let pages = column.page_encoding_stats_mask()?;
    if !pages.is_only(Encoding::RLE_DICTIONARY) && !pages.is_only(Encoding::PLAIN_DICTIONARY) {
        return None;
    }
    let from = u64::try_from(column.dictionary_page_offset()?).ok()?;
    let to = u64::try_from(column.data_page_offset()).ok()?;
    if from >= to || to - from > MOST_BYTES {
        return None;
    }
    let bytes = store.get_range(&file.meta.location, from..to).await.ok()?;
    let length = i64::try_from(bytes.len()).ok()?;
    let dictionary = column.clone().into_builder().set_dictionary_page_offset(Some(0)).set_data_page_offset(length);
    let dictionary = dictionary.set_total_compressed_size(length).build().ok()?;
    let mut reader = SerializedPageReader::new(Arc::new(bytes), &dictionary, 0, None).ok()?;
    let Ok(Some(Page::DictionaryPage { buf, num_values, .. })) = reader.get_next_page() else { return None };
    let has_nulls = column.statistics().and_then(parquet::file::statistics::Statistics::null_count_opt) != Some(0);
    let mut texts: Vec<Option<String>> = Vec::new();
    let mut rest: &[u8] = &buf;
    for _ in 0..num_values {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let (text, behind) = behind.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        texts.push(Some(std::str::from_utf8(text).ok()?.to_owned()));
        rest = behind;
    }
    texts.extend(has_nulls.then_some(None));
    Some(StringArray::from(texts))
}

fn holds(condition: &Arc<dyn PhysicalExpr>, schema: &Arc<Schema>, texts: StringArray) -> Option<bool> {
    let rows = texts.len();
    let batch = RecordBatch::try_new(Arc::clone(schema), vec![Arc::new(texts)]).ok()?;
    let held = condition.evaluate(&batch).ok()?.into_array(rows).ok()?;
    Some(held.as_boolean_opt()?.true_count() > 0)
}
