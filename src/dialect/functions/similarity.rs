//! How alike two texts are.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::DataType;
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::kernel::Kernel;

/// A measure.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Similarity {
    /// Shared characters by all characters.
    Jaccard,
    /// Jaro's.
    Jaro,
    /// Jaro's and Winkler's.
    JaroWinkler,
    /// Places that differ; both texts must be equally long.
    Hamming,
    /// Insertions, deletions, replacements and swaps.
    DamerauLevenshtein,
}

impl Similarity {
    pub(super) const ALL: [Similarity; 5] = [
        Similarity::Jaccard,
        Similarity::Jaro,
        Similarity::JaroWinkler,
        Similarity::Hamming,
        Similarity::DamerauLevenshtein,
    ];
}

impl Kernel for Similarity {
    fn name(&self) -> &'static str {
        match self {
            Similarity::Jaccard => "jaccard",
            Similarity::Jaro => "jaro_similarity",
            Similarity::JaroWinkler => "jaro_winkler_similarity",
            Similarity::Hamming => "hamming",
            Similarity::DamerauLevenshtein => "damerau_levenshtein",
        }
    }

    fn signature(&self) -> Signature {
        Signature::exact(vec![DataType::Utf8, DataType::Utf8], Volatility::Immutable)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self {
            Similarity::Jaccard | Similarity::Jaro | Similarity::JaroWinkler => DataType::Float64,
            Similarity::Hamming | Similarity::DamerauLevenshtein => DataType::Int64,
        })
    }

    fn compute(&self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        let [left, right] = arguments else { return exec_err!("`{}` takes two arguments", self.name()) };
        let pairs = left.as_string::<i32>().iter().zip(right.as_string::<i32>()).map(|(a, b)| a.zip(b));
        let floats = |measure: fn(&str, &str) -> f64| -> ArrayRef {
            Arc::new(pairs.clone().map(|it| it.map(|(a, b)| measure(a, b))).collect::<Float64Array>())
        };
        Ok(match self {
            Similarity::Jaccard => floats(jaccard),
            Similarity::Jaro => floats(strsim::jaro),
            Similarity::JaroWinkler => floats(strsim::jaro_winkler),
            Similarity::Hamming => {
                let one = |pair: Option<(&str, &str)>| match pair.map(|(a, b)| strsim::hamming(a, b)) {
                    None => Ok(None),
                    Some(Ok(places)) => Ok(i64::try_from(places).ok()),
                    Some(Err(_)) => exec_err!("`hamming` compares texts of one length"),
                };
                Arc::new(pairs.map(one).collect::<Result<Int64Array>>()?)
            }
            Similarity::DamerauLevenshtein => {
                let one = |(a, b): (&str, &str)| i64::try_from(strsim::damerau_levenshtein(a, b)).ok();
                Arc::new(pairs.map(|it| it.and_then(one)).collect::<Int64Array>())
            }
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "no text has so many characters")]
fn jaccard(a: &str, b: &str) -> f64 {
    let (a, b): (BTreeSet<char>, BTreeSet<char>) = (a.chars().collect(), b.chars().collect());
    a.intersection(&b).count() as f64 / a.union(&b).count().max(1) as f64
}
