//! `arrowmill_snapshot_time()`: the time that a snapshot gives to what it finds new, changed or gone.

use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, Utc};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

/// The time of the run, without a zone.
///
/// It differs from `cast(now() as timestamp)` in one thing: it does not keep a snapshot from being left as it is. The
/// macros of snapshots write it where a row has changed, and never into a condition, so where no row changes it is
/// nowhere.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct SnapshotTime {
    at: i64,
    signature: Signature,
}

impl SnapshotTime {
    pub(super) fn new(started_at: DateTime<Utc>) -> SnapshotTime {
        SnapshotTime { at: started_at.timestamp_micros(), signature: Signature::nullary(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for SnapshotTime {
    fn name(&self) -> &'static str {
        "arrowmill_snapshot_time"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Timestamp(TimeUnit::Microsecond, None))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar(ScalarValue::TimestampMicrosecond(Some(self.at), None)))
    }
}
