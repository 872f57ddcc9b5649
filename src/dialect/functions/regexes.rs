//! Patterns that give lists.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListBuilder, StringBuilder};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{exec_datafusion_err, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};
use regex::Regex;

use super::kernel::Kernel;

/// A function of a text and a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Regexes {
    /// `regexp_extract_every(text, pattern, group)`.
    ExtractAll,
    /// `string_split_regex(text, pattern)`.
    Split,
}

impl Kernel for Regexes {
    fn name(&self) -> &'static str {
        match self {
            Regexes::ExtractAll => "regexp_extract_every",
            Regexes::Split => "string_split_regex",
        }
    }

    fn signature(&self) -> Signature {
        let mut arguments = vec![DataType::Utf8, DataType::Utf8];
        if *self == Regexes::ExtractAll {
            arguments.push(DataType::Int64);
        }
        Signature::exact(arguments, Volatility::Immutable)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::new_list(DataType::Utf8, true))
    }

    fn compute(&self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        let [texts, patterns, groups @ ..] = arguments else {
            return exec_err!("`{}` takes two arguments", self.name());
        };
        let (texts, patterns) = (texts.as_string::<i32>(), patterns.as_string::<i32>());
        let groups = groups.first().map(|it| it.as_primitive::<Int64Type>());
        let mut lists = ListBuilder::new(StringBuilder::new());
        let mut known: Option<(&str, Regex)> = None;
        for at in 0..texts.len() {
            if texts.is_null(at) || patterns.is_null(at) {
                lists.append(false);
                continue;
            }
            let pattern = patterns.value(at);
            if known.as_ref().is_none_or(|(it, _)| *it != pattern) {
                let regex =
                    Regex::new(pattern).map_err(|it| exec_datafusion_err!("`{pattern}` is no pattern: {it}"))?;
                known = Some((pattern, regex));
            }
            let Some((_, regex)) = &known else { continue };
            let text = texts.value(at);
            match self {
                Regexes::ExtractAll => {
                    let group = groups.map_or(0, |it| usize::try_from(it.value(at)).unwrap_or(0));
                    for found in regex.captures_iter(text) {
                        lists.values().append_value(found.get(group).map_or("", |it| it.as_str()));
                    }
                }
                Regexes::Split => regex.split(text).for_each(|it| lists.values().append_value(it)),
            }
            lists.append(true);
        }
        Ok(Arc::new(lists.finish()))
    }
}
