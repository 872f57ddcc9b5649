//! `is_incremental()`.

use minijinja::{Environment, Error, State};

use crate::jinja::scope::{Incremental, Phase, Scope};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("is_incremental", |state: &mut State<'_, '_>| -> Result<bool, Error> {
        Ok(match Scope::of(state)?.phase {
            Phase::Parse => false,
            Phase::Compile { incremental, .. } => incremental == Incremental::Yes,
        })
    });
    environment.add_function("should_full_refresh", |state: &mut State<'_, '_>| -> Result<bool, Error> {
        let scope = Scope::of(state)?;
        Ok(scope.config.flag("full_refresh").unwrap_or(scope.invocation.full_refresh))
    });
}
