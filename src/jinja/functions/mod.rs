//! dbt's template functions, one file each. To add one: a file with a `register`, and its lines here.

mod adapter;
mod api;
mod config;
mod diff_of_two_dicts;
mod doc;
mod env_var;
mod exceptions;
mod function;
mod is_incremental;
mod json;
mod local_md5;
mod log;
mod native;
mod reference;
mod render;
mod sets;
mod source;
mod statement;
mod try_or_compiler_error;
mod validation;
mod var;
mod yaml;
mod zip;

pub(super) use adapter::Adapter;
pub(super) use native::{as_native, test_arguments};
pub(super) use render::ALL_MACROS;

use minijinja::Environment;
use minijinja::value::{Kwargs, Value};

/// What templates can call beside macros, for 'did you mean'.
pub(super) const NAMES: &[&str] = &[
    "adapter",
    "api",
    "config",
    "dict",
    "diff_of_two_dicts",
    "doc",
    "env_var",
    "exceptions",
    "fromjson",
    "fromyaml",
    "function",
    "is_incremental",
    "load_result",
    "local_md5",
    "log",
    "namespace",
    "print",
    "range",
    "ref",
    "render",
    "return",
    "run_query",
    "set",
    "set_strict",
    "source",
    "statement",
    "store_result",
    "tojson",
    "toyaml",
    "try_or_compiler_error",
    "var",
    "zip",
    "zip_strict",
];

const ALL: &[fn(&mut Environment<'static>)] = &[
    api::register,
    config::register,
    diff_of_two_dicts::register,
    doc::register,
    env_var::register,
    exceptions::register,
    function::register,
    is_incremental::register,
    json::register,
    local_md5::register,
    log::register,
    reference::register,
    render::register,
    sets::register,
    source::register,
    statement::register,
    try_or_compiler_error::register,
    validation::register,
    var::register,
    yaml::register,
    zip::register,
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
