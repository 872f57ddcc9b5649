//! dbt's template functions, one file each. To add one: a file with a `register`, and its lines here.

mod adapter;
mod api;
mod config;
mod conversion;
mod doc;
mod env_var;
mod exceptions;
mod is_incremental;
mod log;
mod moment;
mod reference;
mod source;
mod statement;
mod var;

pub(super) use adapter::Adapter;
pub(super) use conversion::{as_native, test_arguments};
pub(super) use moment::Moment;

use minijinja::Environment;
use minijinja::value::{Kwargs, Value};

/// What templates can call beside macros, for 'did you mean'.
pub(super) const NAMES: &[&str] = &[
    "adapter",
    "api",
    "config",
    "doc",
    "env_var",
    "exceptions",
    "fromjson",
    "is_incremental",
    "load_result",
    "log",
    "print",
    "ref",
    "return",
    "run_query",
    "source",
    "statement",
    "store_result",
    "tojson",
    "var",
];

const ALL: &[fn(&mut Environment<'static>)] = &[
    api::register,
    config::register,
    conversion::register,
    doc::register,
    env_var::register,
    exceptions::register,
    is_incremental::register,
    log::register,
    reference::register,
    source::register,
    statement::register,
    var::register,
];

/// Adds all functions.
pub(super) fn register_all(environment: &mut Environment<'static>) {
    for register in ALL {
        register(environment);
    }
}

/// Positional arguments and keyword arguments, apart.
pub(super) fn split(args: &[Value]) -> (&[Value], Option<Kwargs>) {
    match args.split_last() {
        Some((last, rest)) if last.is_kwargs() => (rest, Kwargs::try_from(last.clone()).ok()),
        _ => (args, None),
    }
}
