//! Comparing two tables: both are sorted by their keys, as bytes, and read side by side once. What does not fit in memory
//! is spilled by the sorts; nothing else grows with the tables.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::RowConverter;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, exec_datafusion_err};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, cast, col};
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::differences::{
    Cell, ChangedColumn, ColumnDifferences, ColumnType, Differences, EXAMPLES, Example, Retyped, RowDifferences, Shown,
    Side, What,
};
use crate::operators::{row_bytes, row_converter};
use crate::plan::{Session, sql_type};

/// Rows that are sorted together.
const ROWS_OF_A_BATCH: usize = 4096;

/// Changed rows whose values are looked at together.
const AT_ONCE: usize = 1024;

/// A table, and what it is called.
pub struct Compared {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub table: Arc<dyn TableProvider>,
}

/// A column that both tables have, and the type in which its values are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// Its name.
    pub name: String,
    data_type: DataType,
}

/// How the columns of two tables differ, and those that can be compared, in the order of the second table.
pub fn columns(from: &SchemaRef, to: &SchemaRef) -> (ColumnDifferences, Vec<Common>) {
    let mut differences = ColumnDifferences::default();
    let mut common = Vec::new();
    let described = |field: &arrow::datatypes::FieldRef| ColumnType {
        name: field.name().clone(),
        data_type: sql_type(field.data_type()),
    };
    for field in to.fields() {
        let Ok(before) = from.field_with_name(field.name()) else {
            differences.added.push(described(field));
            continue;
        };
        let data_type = agreed(before.data_type(), field.data_type());
        let (before, after) = (sql_type(before.data_type()), sql_type(field.data_type()));
        if before != after {
            let (name, compared) = (field.name().clone(), data_type.is_some());
            differences.retyped.push(Retyped { name, from: before, to: after, compared });
        }
        common.extend(data_type.map(|data_type| Common { name: field.name().clone(), data_type }));
    }
    let is_gone = |it: &&arrow::datatypes::FieldRef| to.field_with_name(it.name()).is_err();
    differences.removed.extend(from.fields().iter().filter(is_gone).map(described));
    (differences, common)
}

/// The type that holds values of both types, where a value of one can be equal to one of the other.
fn agreed(one: &DataType, other: &DataType) -> Option<DataType> {
    let is_time = |it: &DataType| matches!(it, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..));
    let alike = one.equals_datatype(other)
        || (one.is_numeric() && other.is_numeric())
        || (is_time(one) && is_time(other))
        || (one.is_string() && other.is_string())
        || (one.is_binary() && other.is_binary());
    if one == other {
        return Some(one.clone());
    }
    if alike { comparison_coercion(one, other) } else { None }
}

/// What two tables do not have in common. Without a key, rows are compared as wholes.
///
/// # Errors
/// A file can't be read, or memory and disk are full.
pub async fn differences(
    session: &Session,
    model: &str,
    (from, to): (Compared, Compared),
    key: &[String],
) -> Result<Differences> {
    let (columns, common) = columns(&from.table.schema(), &to.table.schema());
    let is_key = |it: &Common| key.contains(&it.name);
    let (keys, rest): (Vec<Common>, Vec<Common>) = common.into_iter().partition(|it| key.is_empty() || is_key(it));
    let (mut left, mut right) =
        (Cursor::open(session, from.table, &keys, &rest).await?, Cursor::open(session, to.table, &keys, &rest).await?);
    let mut found = Found::new(!key.is_empty(), &keys, &rest)?;
    loop {
        let order = match (left.row().await?, right.row().await?) {
            (Some(one), Some(other)) => one.cmp(&other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        found.take(order, &left, &right)?;
        left.read += u64::from(order != Ordering::Greater);
        left.at += usize::from(order != Ordering::Greater);
        right.read += u64::from(order != Ordering::Less);
        right.at += usize::from(order != Ordering::Less);
    }
    found.end_of_key()?;
    found.look_at_changed()?;
    let mut changed_columns: Vec<ChangedColumn> = rest
        .iter()
        .zip(&found.changed_in)
        .map(|(column, rows)| ChangedColumn { name: column.name.clone(), rows: *rows })
        .filter(|it| it.rows > 0)
        .collect();
    changed_columns.sort_by(|one, other| other.rows.cmp(&one.rows).then_with(|| one.name.cmp(&other.name)));
    Ok(Differences {
        model: model.to_owned(),
        equal: columns.is_empty() && found.rows.is_empty(),
        from: Side { name: from.name, rows: left.read },
        to: Side { name: to.name, rows: right.read },
        key: key.to_vec(),
        columns,
        rows: found.rows,
        changed_columns,
        examples: found.examples,
    })
}

/// A session for one of the two tables, with half of the memory, or the first to be merged would leave none to the other.
/// Small batches, one after another: what is merged from disk must fit in memory.
fn frugal(session: &Session) -> Result<SessionState> {
    let config = session.state().config().clone().with_target_partitions(1).with_batch_size(ROWS_OF_A_BATCH);
    let runtime = RuntimeEnvBuilder::from_runtime_env(session.state().runtime_env());
    let runtime = runtime.with_memory_pool(Arc::new(FairSpillPool::new(session.memory_limit() / 2)));
    let builder = SessionStateBuilder::new_from_existing(session.state().clone()).with_config(config);
    Ok(builder.with_runtime_env(runtime.build_arc()?).build())
}

/// The rows of a table as bytes, sorted by them, with the bytes of their keys where these are not all of the row.
struct Cursor {
    batches: mpsc::Receiver<Result<RecordBatch>>,
    sorting: JoinHandle<()>,
    batch: Option<(BinaryArray, Option<BinaryArray>)>,
    at: usize,
    read: u64,
}

impl Cursor {
    async fn open(
        session: &Session,
        table: Arc<dyn TableProvider>,
        keys: &[Common],
        rest: &[Common],
    ) -> Result<Cursor> {
        let schema = table.schema();
        let value = |it: &Common| {
            let column = Expr::Column(Column::new_unqualified(it.name.clone()));
            match schema.field_with_name(&it.name) {
                Ok(field) if *field.data_type() == it.data_type => column,
                _ => cast(column, it.data_type.clone()),
            }
        };
        // The bytes of a row are those of its values, one after another. Sorting by one column needs no copies of it.
        let bytes = |columns: &[Common]| row_bytes(columns.iter().map(value).collect());
        let mut columns = vec![bytes(&[keys, rest].concat()).alias("row")];
        if !rest.is_empty() {
            columns.push(bytes(keys).alias("key"));
        }
        let plan = LogicalPlanBuilder::scan("compared", provider_as_source(table), None)?
            .project(columns)?
            .sort(vec![col("row").sort(true, true)])?
            .build()?;
        let state = frugal(session)?;
        let physical = state.create_physical_plan(&plan).await?;
        let mut sorted = execute_stream(physical, state.task_ctx())?;
        // Both tables are sorted at the same time.
        let (sender, batches) = mpsc::channel(1);
        let sorting = tokio::spawn(async move {
            while let Some(batch) = sorted.next().await {
                if sender.send(batch).await.is_err() {
                    break;
                }
            }
        });
        Ok(Cursor { batches, sorting, batch: None, at: 0, read: 0 })
    }

    /// The row that is next.
    async fn row(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        while self.batch.as_ref().is_none_or(|(rows, _)| self.at >= rows.len()) {
            let Some(batch) = self.batches.recv().await else { return self.ended().await };
            let batch = batch?;
            let keys = batch.columns().get(1).map(|it| it.as_binary::<i32>().clone());
            (self.batch, self.at) = (Some((batch.column(0).as_binary::<i32>().clone(), keys)), 0);
        }
        Ok(Some(self.current()))
    }

    /// There are no more rows, unless what sorted them has broken down.
    async fn ended(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        let sorting = std::mem::replace(&mut self.sorting, tokio::spawn(async {}));
        sorting.await.map_err(|_| exec_datafusion_err!("the engine failed while it sorted a table"))?;
        Ok(None)
    }

    /// The row that was asked for last.
    fn current(&self) -> (&[u8], &[u8]) {
        match &self.batch {
            Some((rows, keys)) if self.at < rows.len() => {
                let row = rows.value(self.at);
                row.split_at(keys.as_ref().map_or(row.len(), |it| it.value(self.at).len()))
            }
            _ => (&[], &[]),
        }
    }
}

/// The rows of one key, as far as they are not the same in both tables.
#[derive(Default)]
struct OfKey {
    key: Vec<u8>,
    /// Whether there was a row at all.
    begun: bool,
    /// Rows of the first and of the second table.
    rows: [u64; 2],
    /// How many of them the other table does not have.
    alone: [u64; 2],
    /// A few of these.
    kept: [Vec<Vec<u8>>; 2],
}

/// What was found so far.
struct Found {
    is_keyed: bool,
    rows: RowDifferences,
    changed_in: Vec<u64>,
    examples: Vec<Example>,
    shown: [usize; 3],
    of_key: OfKey,
    /// Keys and the rests of their rows, before and after.
    changed: Vec<[Vec<u8>; 3]>,
    keys: Decoder,
    rest: Decoder,
}

impl Found {
    fn new(is_keyed: bool, keys: &[Common], rest: &[Common]) -> Result<Found> {
        Ok(Found {
            is_keyed,
            rows: RowDifferences::default(),
            changed_in: vec![0; rest.len()],
            examples: Vec::new(),
            shown: [0; 3],
            of_key: OfKey::default(),
            changed: Vec::new(),
            keys: Decoder::new(keys)?,
            rest: Decoder::new(rest)?,
        })
    }

    /// Takes the smaller of two rows, or both where they are equal.
    fn take(&mut self, order: Ordering, left: &Cursor, right: &Cursor) -> Result<()> {
        let (key, rest) = if order == Ordering::Greater { right.current() } else { left.current() };
        if !self.of_key.begun || self.of_key.key != key {
            self.end_of_key()?;
            self.of_key.begun = true;
            self.of_key.key.extend_from_slice(key);
        }
        let of_key = &mut self.of_key;
        let side = match order {
            Ordering::Equal => {
                self.rows.unchanged += 1;
                of_key.rows = of_key.rows.map(|it| it + 1);
                return Ok(());
            }
            Ordering::Less => 0,
            Ordering::Greater => 1,
        };
        of_key.rows[side] += 1;
        of_key.alone[side] += 1;
        if of_key.kept[side].len() < EXAMPLES {
            of_key.kept[side].push(rest.to_vec());
        }
        Ok(())
    }

    /// There are no more rows of this key.
    fn end_of_key(&mut self) -> Result<()> {
        let OfKey { key, rows, alone, kept, .. } = std::mem::take(&mut self.of_key);
        if self.is_keyed && rows.iter().any(|it| *it > 1) {
            self.rows.repeated_keys += 1;
        }
        let [before, after] = kept;
        if self.is_keyed && rows == [1, 1] && alone == [1, 1] {
            self.rows.changed += 1;
            let (before, after) = (before.into_iter().next(), after.into_iter().next());
            self.changed.push([key, before.unwrap_or_default(), after.unwrap_or_default()]);
            if self.changed.len() >= AT_ONCE {
                self.look_at_changed()?;
            }
            return Ok(());
        }
        self.rows.removed += alone[0];
        self.rows.added += alone[1];
        for (what, kept) in [(What::Removed, before), (What::Added, after)] {
            for rest in kept {
                if self.is_to_be_shown(what) {
                    let mut cells = self.keys.cells(&key)?;
                    cells.extend(self.rest.cells(&rest)?);
                    self.examples.push(Example { what, cells });
                }
            }
        }
        Ok(())
    }

    fn is_to_be_shown(&mut self, what: What) -> bool {
        let shown = match what {
            What::Added => &mut self.shown[0],
            What::Removed => &mut self.shown[1],
            What::Changed => &mut self.shown[2],
        };
        *shown += 1;
        *shown <= EXAMPLES
    }

    /// Counts in which columns rows have changed.
    fn look_at_changed(&mut self) -> Result<()> {
        let changed = std::mem::take(&mut self.changed);
        if changed.is_empty() {
            return Ok(());
        }
        let before = self.rest.decode(changed.iter().map(|it| it[1].as_slice()))?;
        let after = self.rest.decode(changed.iter().map(|it| it[2].as_slice()))?;
        let mut differ: Vec<Vec<usize>> = vec![Vec::new(); changed.len()];
        for (column, (before, after)) in before.iter().zip(&after).enumerate() {
            let converter = row_converter([before.data_type()])?;
            let (one, other) = (
                converter.convert_columns(std::slice::from_ref(before))?,
                converter.convert_columns(std::slice::from_ref(after))?,
            );
            for (row, columns) in differ.iter_mut().enumerate() {
                if one.row(row) != other.row(row) {
                    self.changed_in[column] += 1;
                    columns.push(column);
                }
            }
        }
        for (row, columns) in differ.iter().enumerate() {
            if !self.is_to_be_shown(What::Changed) {
                break;
            }
            let mut cells = self.keys.cells(&changed[row][0])?;
            for column in columns {
                let value = shown(&before[*column], row)?;
                let became = Some(shown(&after[*column], row)?);
                cells.push(Cell { column: self.rest.names[*column].clone(), value, became });
            }
            self.examples.push(Example { what: What::Changed, cells });
        }
        Ok(())
    }
}

/// Turns bytes back into values.
struct Decoder {
    names: Vec<String>,
    converter: RowConverter,
}

impl Decoder {
    fn new(columns: &[Common]) -> Result<Decoder> {
        let names = columns.iter().map(|it| it.name.clone()).collect();
        Ok(Decoder { names, converter: row_converter(columns.iter().map(|it| &it.data_type))? })
    }

    fn decode<'a>(&self, rows: impl Iterator<Item = &'a [u8]>) -> Result<Vec<ArrayRef>> {
        let parser = self.converter.parser();
        Ok(self.converter.convert_rows(rows.map(|it| parser.parse(it)))?)
    }

    /// The values of one row.
    fn cells(&self, row: &[u8]) -> Result<Vec<Cell>> {
        if self.names.is_empty() {
            return Ok(Vec::new());
        }
        let values = self.decode(std::iter::once(row))?;
        let cell = |(name, value): (&String, &ArrayRef)| {
            Ok(Cell { column: name.clone(), value: shown(value, 0)?, became: None })
        };
        self.names.iter().zip(&values).map(cell).collect()
    }
}

/// A value for people.
fn shown(array: &ArrayRef, row: usize) -> Result<Shown> {
    if array.is_null(row) {
        return Ok(None);
    }
    let options = FormatOptions::default().with_null("null").with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"));
    Ok(Some(ArrayFormatter::try_new(array.as_ref(), &options)?.value(row).to_string()))
}
