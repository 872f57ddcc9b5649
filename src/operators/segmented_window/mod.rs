//! Windows over sorted partitions, computed for many partitions at once.
//!
//! The engine keeps state for each partition and evaluates it in slices. That is costly where partitions are small and
//! many, as with events by client. Here, whole partitions are gathered into chunks and each function is one pass over
//! a chunk. Only functions and frames that can be computed so are taken; everything else stays the engine's.

mod function;
mod operator;
mod rule;

pub use rule::SegmentedWindows;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, RecordBatch, StringArray};
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::datasource::MemTable;
    use datafusion::execution::SessionStateBuilder;
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::SegmentedWindows;

    /// The query's rows and plan, with the rule or without.
    async fn run(sql: &str, batches: &[RecordBatch], with_rule: bool) -> (String, String) {
        let config = SessionConfig::new().with_target_partitions(2).with_batch_size(97);
        let mut state = SessionStateBuilder::new().with_config(config).with_default_features();
        if with_rule {
            state = state.with_physical_optimizer_rule(Arc::new(SegmentedWindows));
        }
        let context = SessionContext::new_with_state(state.build());
        let table = MemTable::try_new(batches[0].schema(), vec![batches.to_vec()]).unwrap();
        context.register_table("t", Arc::new(table)).unwrap();
        let frame = context.sql(sql).await.unwrap();
        let plan = frame.clone().create_physical_plan().await.unwrap();
        let rows = pretty_format_batches(&frame.collect().await.unwrap()).unwrap().to_string();
        (rows, displayable(plan.as_ref()).indent(false).to_string())
    }

    /// Rows with partitions of very different sizes, nulls among keys and values.
    fn data(rows: i64, spread: i64) -> Vec<RecordBatch> {
        let mut state = 12345_i64;
        let mut next = |below: i64| {
            state = (state.wrapping_mul(6_364_136_223_846_793_005)).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33).rem_euclid(below)
        };
        let key = |it: i64| (it != 3).then(|| format!("k{}", it * it / spread));
        let keys: StringArray = (0..rows).map(|_| key(next(spread * 4))).collect();
        let ids: Int64Array = (0..rows).map(Some).collect();
        let values: Int64Array = (0..rows).map(|_| Some(next(100)).filter(|it| it % 7 != 0)).collect();
        let columns = [("k", Arc::new(keys) as _), ("id", Arc::new(ids) as _), ("v", Arc::new(values) as _)];
        let whole = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, it)| (name, it, true))).unwrap();
        (0..whole.num_rows()).step_by(50).map(|at| whole.slice(at, 50.min(whole.num_rows() - at))).collect()
    }

    #[tokio::test]
    async fn every_function_gives_what_the_engine_gives() {
        let running = "(partition by k order by id rows between unbounded preceding and current row)";
        let functions = [
            "row_number() over (partition by k order by id)".to_owned(),
            "lag(v) over (partition by k order by id)".to_owned(),
            "lag(v, 3) over (partition by k order by id desc)".to_owned(),
            "lead(v, 2) over (partition by k order by id)".to_owned(),
            format!("sum(v) over {running}"),
            format!("sum(cast(v as decimal(12, 2))) over {running}"),
            format!("count(v) over {running}"),
            format!("count(*) over {running}"),
        ];
        for (rows, spread) in [(1, 1), (400, 1), (1500, 9), (1500, 400)] {
            let batches = data(rows, spread);
            for function in &functions {
                let sql = format!("select id, k, v, {function} as w from t order by id");
                let (expected, _) = run(&sql, &batches, false).await;
                let (rows, plan) = run(&sql, &batches, true).await;
                assert_eq!(rows, expected, "{function}");
                assert!(plan.contains("SegmentedWindowExec"), "{function}:\n{plan}");
            }
        }
    }

    #[tokio::test]
    async fn other_frames_and_functions_stay_the_engine_s() {
        for function in [
            "sum(v) over (partition by k order by id)",
            "sum(v) over (order by id rows between unbounded preceding and current row)",
            "sum(v) filter (where v > 3) over (partition by k order by id rows between unbounded preceding and current row)",
            "lag(v, 1, 0) over (partition by k order by id)",
            "sum(v) over (partition by k order by id rows between 2 preceding and current row)",
        ] {
            let (_, plan) = run(&format!("select {function} from t"), &data(100, 5), true).await;
            assert!(!plan.contains("SegmentedWindowExec"), "{function}");
        }
    }
}
