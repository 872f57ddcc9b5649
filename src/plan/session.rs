//! The engine as Arrowmill uses it: functions, options, one memory pool with spilling.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionConfig;

use crate::dialect;
use crate::operators::{KeptTypes, PlainEquations, SegmentedWindows, SharedWindows};
use crate::plan::column_types::ColumnTypes;
use crate::plan::snapshot_time::SnapshotTime;
use crate::project::Dialect;
use crate::sources::Inferred;

/// Rows that operators hand on at once; see docs/benchmarks.md.
const BATCH_SIZE: usize = 16 * 1024;

/// What the engine is given.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Partitions that one query is split into.
    pub partitions: usize,
    /// Bytes that may be held before operators spill; shared by everything that runs.
    pub memory_limit: u64,
    /// Where spilled rows go, a folder that exists; without one nothing is spilled.
    pub spill_folder: Option<PathBuf>,
    /// Whose SQL is read.
    pub dialect: Dialect,
    /// What `now()` and `current_date` say, throughout.
    pub started_at: DateTime<Utc>,
    /// What is known of sources' files.
    pub inferred: Arc<Inferred>,
    /// Where files are that are not on this machine.
    pub stores: Arc<dyn ObjectStoreRegistry>,
    /// The profile's `settings`: options of the engine by name, without `datafusion.`.
    pub options: Vec<(String, String)>,
}

/// The engine could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the engine can't be set up: {0}")]
pub struct SessionError(#[from] DataFusionError);

/// One configured engine. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    state: Arc<SessionState>,
    memory_limit: usize,
}

impl Session {
    /// Sets the engine up.
    ///
    /// # Errors
    /// Options that the engine refuses.
    pub fn new(settings: &EngineSettings) -> Result<Session, SessionError> {
        let mut config = configure(settings);
        for (name, value) in &settings.options {
            config.options_mut().set(&format!("datafusion.{name}"), value)?;
        }
        let runtime = runtime(settings)?;
        let mut builder = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .with_type_planner(Arc::new(ColumnTypes { dialect: settings.dialect }))
            .with_physical_optimizer_rule(Arc::new(SegmentedWindows));
        let rules = builder.optimizer().get_or_insert_default();
        for rule in rules.rules.iter_mut().filter(|it| KeptTypes::replaces(it.as_ref())) {
            *rule = Arc::new(KeptTypes::default());
        }
        rules.rules.iter_mut().for_each(PlainEquations::guard);
        if let Some(at) = rules.rules.iter().position(|it| SharedWindows::comes_after(it.as_ref())) {
            rules.rules.insert(at + 1, Arc::new(SharedWindows));
        }
        let planners = builder.expr_planners().get_or_insert_default();
        planners.splice(0..0, dialect::planners(settings.dialect));
        let mut state = builder.build();
        datafusion_functions_json::register_all(&mut state)?;
        dialect::register(settings.dialect, &mut state)?;
        state.register_udf(Arc::new(ScalarUDF::from(SnapshotTime::new(settings.started_at))))?;
        state.execution_props_mut().query_execution_start_time = Some(settings.started_at);
        Ok(Session { state: Arc::new(state), memory_limit: bytes(settings.memory_limit) })
    }

    /// How many bytes all operators may hold together.
    pub fn memory_limit(&self) -> usize {
        self.memory_limit
    }

    /// The engine's own state.
    pub fn state(&self) -> &SessionState {
        &self.state
    }

    /// The engine's own state, shared.
    pub fn shared_state(&self) -> Arc<SessionState> {
        Arc::clone(&self.state)
    }
}

fn bytes(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn configure(settings: &EngineSettings) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(settings.partitions.max(1))
        // Sorts and joins of wide rows do less for each batch than for each row only in batches larger than the default.
        .with_batch_size(BATCH_SIZE)
        .with_extension(Arc::clone(&settings.inferred));
    let options = config.options_mut();
    // Without spans no error can point at its place.
    options.sql_parser.collect_spans = true;
    // Files and wide sorts are faster with plain strings than with views; see docs/benchmarks.md.
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.parquet.schema_force_view_types = false;
    options.execution.parquet.max_row_group_size = 1024 * 1024;
    // Functions of JSON would leave the `case` that keeps them from the rows they are not for, and be asked of all.
    options.optimizer.enable_leaf_expression_pushdown = false;

    options.execution.parquet.compression = Some("zstd(1)".to_owned());
    dialect::configure(settings.dialect, options);
    config
}

fn runtime(settings: &EngineSettings) -> Result<Arc<RuntimeEnv>, DataFusionError> {
    let limit = bytes(settings.memory_limit);
    let five = NonZeroUsize::MIN.saturating_add(4);
    // Tracking names the operators that hold the memory, in the message that says there is none left.
    let pool = TrackConsumersPool::new(FairSpillPool::new(limit), five);
    let mode = match &settings.spill_folder {
        Some(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
        None => DiskManagerMode::Disabled,
    };
    let spill = DiskManagerBuilder::default().with_mode(mode).with_max_temp_directory_size(u64::MAX);
    RuntimeEnvBuilder::new()
        .with_object_store_registry(Arc::clone(&settings.stores))
        .with_memory_pool(Arc::new(pool))
        .with_disk_manager_builder(spill)
        .build_arc()
}
