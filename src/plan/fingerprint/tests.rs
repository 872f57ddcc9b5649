//! `cases.txt`: queries that mean the same, and queries that don't.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use chrono::DateTime;
use datafusion::catalog::TableProvider;

use super::{AskedPlan, Known, Untold, made_of};
use crate::jinja::RelationName;
use crate::plan::relation::Catalog;
use crate::plan::{EngineSettings, Session, plan_query};
use crate::project::{Dialect, Target};
use crate::reuse::{Because, Digest, Identity, MadeOf, compare};

fn schema(table: &str) -> SchemaRef {
    let columns: &[(&str, DataType)] = match table {
        "users" => &[("id", DataType::Int64), ("name", DataType::Utf8), ("age", DataType::Int32)],
        _ => &[
            ("id", DataType::Int64),
            ("user_id", DataType::Int64),
            ("amount", DataType::Float64),
            ("at", DataType::Timestamp(TimeUnit::Microsecond, None)),
        ],
    };
    Arc::new(Schema::new(columns.iter().map(|(name, it)| Field::new(*name, it.clone(), true)).collect::<Vec<_>>()))
}

/// Tables whose files are as they were, but for one, of which one column may have changed.
struct Tables {
    changed: &'static str,
}

impl Known for Tables {
    fn planned(&self, relation: &RelationName) -> Option<Identity> {
        let whole = Digest::text("table", &relation.identifier);
        let schema = schema(&relation.identifier);
        let columns = schema.fields().iter().map(|it| (it.name().as_str(), it.data_type().to_string()));
        let mut identity = Identity::of_whole(&whole, columns);
        if let Some((table, column)) = self.changed.split_once('.')
            && table == relation.identifier
        {
            identity.columns.insert(column.to_owned(), Digest::text("column", "changed"));
        }
        Some(identity)
    }

    fn opened(&self, _: &Arc<dyn TableProvider>) -> Option<(String, Identity)> {
        None
    }
}

fn of(sql: &str, dialect: Dialect, changed: &'static str) -> Result<MadeOf, Untold> {
    let settings = EngineSettings {
        partitions: 1,
        memory_limit: 64 << 20,
        spill_folder: None,
        dialect,
        started_at: DateTime::UNIX_EPOCH,
        options: Vec::new(),
        inferred: Arc::default(),
        stores: Arc::new(crate::sources::Stores::new(&Default::default())),
    };
    let session = Session::new(&settings).unwrap();
    let mut catalog = Catalog::default();
    let mut target = Target::embedded("test");
    target.dialect = dialect;
    for table in ["orders", "users"] {
        let relation = RelationName::new(&target.database, &target.schema, table);
        catalog.add_planned(&relation, schema(table), None);
    }
    let adults = plan_query("select id, name from users where age > 17", &session, &catalog, &target).unwrap();
    catalog.add_view(&RelationName::new(&target.database, &target.schema, "adults"), adults.plan);
    let planned = plan_query(sql, &session, &catalog, &target).unwrap_or_else(|error| panic!("{sql}: {error}"));
    made_of(&AskedPlan { plan: &planned.plan, config: "table", dialect }, &Tables { changed }).map(|(it, _)| it)
}

#[test]
fn queries_that_mean_the_same_are_the_same() {
    let mut first = None;
    let mut wrong = Vec::new();
    for line in include_str!("cases.txt").lines().filter(|it| !it.is_empty() && !it.starts_with('#')) {
        let (sign, sql) = line.split_at(1);
        let made_of = of(sql, Dialect::DuckDb, "");
        let verdict = match (sign, &made_of, &first) {
            (" ", Ok(made_of), _) => {
                first = Some(made_of.clone());
                true
            }
            ("=", Ok(made_of), Some(first)) => compare(Some(first), made_of).is_ok(),
            ("!", Ok(made_of), Some(first)) => compare(Some(first), made_of) == Err(Because::Query),
            ("?", Err(_), _) => true,
            _ => false,
        };
        if !verdict {
            wrong.push(format!("{line}\n    {:?}", made_of.err()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_what_is_read_counts() {
    let check = |sql: &str, changed: &'static str, is_read: bool| {
        let (was, now) = (of(sql, Dialect::DuckDb, "").unwrap(), of(sql, Dialect::DuckDb, changed).unwrap());
        let expected = match is_read {
            true => Err(Because::Inputs(vec![changed.split('.').next().unwrap_or_default().to_owned()])),
            false => Ok(()),
        };
        assert_eq!(compare(Some(&was), &now), expected, "{sql}, {changed} changed");
    };
    check("select id from users", "users.name", false);
    check("select id from users", "users.id", true);
    check("select id from (select * from users) as u", "users.name", false);
    check("select id from users where name <> ''", "users.name", true);
    check("select id from users order by name", "users.name", true);
    check("select count(*) from users", "users.name", false);
    check("select distinct id from (select id, name from users)", "users.name", false);
    check("select id from (select distinct id, name from users)", "users.name", true);
    check("select u.id from users as u join orders as o on u.id = o.user_id", "orders.amount", false);
    check("select u.id from users as u join orders as o on u.id = o.user_id", "orders.user_id", true);
    check("select id, row_number() over (partition by name order by id) as n from users", "users.name", true);
    check("select id from (select id, row_number() over (order by name) as n from users)", "users.name", false);
    check("select id from users union all select id from orders", "orders.amount", false);
    check("select name from adults", "users.age", true);
    check("select name from adults", "users.id", false);
    check("select id from users where exists (select 1 from orders where user_id = users.id)", "orders.id", false);
    check("select id from users where exists (select 1 from orders where user_id = users.id)", "users.id", true);
    check("select id from users where id in (select user_id from orders)", "orders.user_id", true);
}
