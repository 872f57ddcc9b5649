//! Cases: a query over a few tables, and the lineage of its columns. See `cases/`.
//!
//! ```text
//! select id, total * 2 as double from orders where paid
//! = id: copy orders.id
//! = double: transform orders.total
//! = rows: filter orders.paid
//! ```
//!
//! `BLESS=1 cargo test --lib lineage` writes what there is into the cases; read the difference.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use chrono::DateTime;
use datafusion::common::TableReference;

use super::of_plan;
use crate::jinja::RelationName;
use crate::lineage::{Edge, NodeColumns, Relation};
use crate::plan::query::plan_query;
use crate::plan::relation::Catalog;
use crate::plan::{EngineSettings, Session};
use crate::project::{Dialect, Target};

/// The tables of all cases.
fn tables() -> Vec<(&'static str, Vec<(&'static str, DataType)>)> {
    let (int, text, decimal) = (DataType::Int64, DataType::Utf8, DataType::Decimal128(18, 2));
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let list = |of: DataType| DataType::List(Arc::new(Field::new("item", of, true)));
    let place = vec![Field::new("city", text.clone(), true), Field::new("zip", text.clone(), true)];
    vec![
        (
            "orders",
            vec![
                ("id", int.clone()),
                ("customer_id", int.clone()),
                ("status", text.clone()),
                ("total", decimal.clone()),
                ("quantity", DataType::Int32),
                ("paid", DataType::Boolean),
                ("created_at", time.clone()),
                ("tags", list(text.clone())),
                ("address", DataType::Struct(place.into())),
            ],
        ),
        (
            "customers",
            vec![("id", int.clone()), ("name", text.clone()), ("email", text.clone()), ("parent_id", int.clone())],
        ),
        ("refunds", vec![("id", int.clone()), ("order_id", int), ("amount", decimal), ("reason", text)]),
    ]
}

/// What plans the cases of a dialect.
struct Planner {
    session: Session,
    catalog: Catalog,
    target: Target,
}

fn planner(dialect: Dialect) -> Planner {
    let settings = EngineSettings {
        partitions: 1,
        memory_limit: 1 << 30,
        spill_folder: None,
        dialect,
        started_at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
        options: Vec::new(),
        inferred: Arc::default(),
        stores: Arc::new(crate::sources::Stores::new(&Default::default())),
    };
    let session = Session::new(&settings).unwrap();
    let mut catalog = Catalog::default();
    for (name, columns) in tables() {
        let fields: Vec<Field> = columns.into_iter().map(|(name, it)| Field::new(name, it, true)).collect();
        catalog.add_planned(&RelationName::new("warehouse", "main", name), Arc::new(Schema::new(fields)), None);
    }
    let target = Target {
        profile: "shop".to_owned(),
        name: "dev".to_owned(),
        kind: "duckdb".to_owned(),
        dialect,
        warehouse: String::new(),
        database: "warehouse".to_owned(),
        schema: "main".to_owned(),
        threads: 1,
        memory_limit: None,
        raw: serde_json::Map::new(),
    };
    Planner { session, catalog, target }
}

fn lineage_of(sql: &str, planner: &Planner) -> Result<NodeColumns, String> {
    let query = plan_query(sql, &planner.session, &planner.catalog, &planner.target);
    let query = query.map_err(|error| error.strip_backtrace())?;
    Ok(of_plan(&query.plan, &|table: &TableReference| Relation::Outside(table.table().to_owned())))
}

/// One line for each column, then one for the rows.
fn shown(lineage: &NodeColumns) -> Vec<String> {
    let edge = |it: &Edge| format!("{} {}", it.kind.as_str(), it.from);
    let column = |it: &crate::lineage::Column| {
        let mut parts: Vec<String> = it.edges.iter().map(edge).collect();
        parts.sort();
        parts.extend(it.is_literal.then(|| "literal".to_owned()));
        parts.extend(it.is_generated.then(|| "generated".to_owned()));
        format!("= {}: {}", it.name, parts.join(", "))
    };
    let mut lines: Vec<String> = lineage.columns.iter().map(column).collect();
    if !lineage.rows.is_empty() {
        let mut rows: Vec<String> = lineage.rows.iter().map(edge).collect();
        rows.sort();
        lines.push(format!("= rows: {}", rows.join(", ")));
    }
    lines
}

/// The file with what there is in the place of what is expected, and how many cases it has.
fn played(text: &str, dialect: Dialect) -> (String, usize) {
    let planner = planner(dialect);
    let (mut out, mut sql, mut cases) = (String::new(), String::new(), 0);
    let finish = |sql: &mut String, out: &mut String| {
        if sql.is_empty() {
            return 0;
        }
        match lineage_of(sql, &planner) {
            Ok(lineage) => shown(&lineage).iter().for_each(|line| *out += &format!("{line}\n")),
            Err(problem) => *out += &format!("! {problem}\n"),
        }
        sql.clear();
        1
    };
    for line in text.lines() {
        match line.chars().next() {
            Some('=' | '!') => cases += finish(&mut sql, &mut out),
            Some('#') => out += &format!("{line}\n"),
            None => {
                cases += finish(&mut sql, &mut out);
                out.push('\n');
            }
            Some(_) => {
                sql += &format!("{line}\n");
                out += &format!("{line}\n");
            }
        }
    }
    cases += finish(&mut sql, &mut out);
    (out, cases)
}

#[expect(clippy::disallowed_methods, reason = "tests read their own files, and whoever runs them may bless them")]
fn check(file: &str, dialect: Dialect) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/plan/lineage/cases").join(file);
    let expected = std::fs::read_to_string(&path).unwrap();
    let (found, cases) = played(&expected, dialect);
    assert!(cases > 0, "{file} has no cases");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, found).unwrap();
    } else {
        assert!(found == expected, "{}", similar::TextDiff::from_lines(&expected, &found).unified_diff());
    }
}

#[test]
fn projections() {
    check("projections.txt", Dialect::DuckDb);
}

#[test]
fn joins() {
    check("joins.txt", Dialect::DuckDb);
}

#[test]
fn aggregates() {
    check("aggregates.txt", Dialect::DuckDb);
}

#[test]
fn windows() {
    check("windows.txt", Dialect::DuckDb);
}

#[test]
fn unions() {
    check("unions.txt", Dialect::DuckDb);
}

#[test]
fn subqueries() {
    check("subqueries.txt", Dialect::DuckDb);
}

#[test]
fn nested_values() {
    check("nested_values.txt", Dialect::DuckDb);
}

#[test]
fn plain_sql() {
    check("plain_sql.txt", Dialect::Postgres);
}

/// As deep as planning allows.
#[test]
fn long_queries() {
    let sums = vec!["total"; 1_000].join(" + ");
    let unions = vec!["select id from orders"; 300].join(" union all ");
    let planner = planner(Dialect::DuckDb);
    let planning = std::thread::Builder::new().stack_size(crate::plan::PLANNING_STACK).spawn(move || {
        let found = lineage_of(&format!("select {sums} as it from orders"), &planner).unwrap();
        assert_eq!(shown(&found), ["= it: transform orders.total"]);
        assert_eq!(shown(&lineage_of(&unions, &planner).unwrap()), ["= id: copy orders.id"]);
    });
    planning.unwrap().join().unwrap();
}

/// What is computed alike has one digest, whatever it is called on the way; what is not has another.
#[test]
fn digests() {
    let planner = planner(Dialect::DuckDb);
    let traced = |sql: &str| lineage_of(sql, &planner).unwrap_or_else(|problem| panic!("{sql}: {problem}"));
    let first = |sql: &str| traced(sql).columns.remove(0).digest;
    for (a, b) in [
        (
            "select total * 2 as x from orders",
            "with o as (select total as t, id from orders) select o.t * 2 as y from o",
        ),
        ("select id from orders", "-- all of them\nselect a.id as key from orders as a where paid"),
        ("select sum(total) as s from orders o", "select sum(p.total) as total from orders p group by status"),
        ("select unnest(tags) as t from orders", "with p as (select * from orders) select unnest(p.tags) as u from p"),
        (
            "select (select max(amount) from refunds) as m from orders",
            "select (select max(r.amount) as it from refunds r) as n from orders o",
        ),
    ] {
        assert_eq!(first(a), first(b), "{a}\n{b}");
    }
    for (a, b) in [
        ("select total * 2 as x from orders", "select total * 3 as x from orders"),
        ("select total as x from orders", "select quantity as x from orders"),
        ("select sum(total) as x from orders", "select sum(distinct total) as x from orders"),
        ("select sum(total) filter (where paid) as x from orders", "select sum(total) as x from orders"),
        (
            "select sum(total) over (order by id rows 1 preceding) as x from orders",
            "select sum(total) over (order by id rows 2 preceding) as x from orders",
        ),
        ("select rank() over (order by id) as x from orders", "select rank() over (order by id desc) as x from orders"),
        (
            "select id in (select order_id from refunds) as x from orders",
            "select id in (select order_id from refunds where amount > 1) as x from orders",
        ),
        ("select i as x from range(3) t(i)", "select i as x from range(4) t(i)"),
    ] {
        assert_ne!(first(a), first(b), "{a}\n{b}");
    }
    let rows = |sql: &str| traced(sql).rows_digest;
    assert_eq!(
        rows("select id from orders where paid"),
        rows("with o as (select * from orders) select id, 1 as one from o where o.paid")
    );
    for (a, b) in [
        ("select id from orders where total > 1", "select id from orders where total > 2"),
        ("select id from orders", "select distinct id from orders"),
        ("select id from orders limit 1", "select id from orders limit 2"),
        ("select id from orders order by id", "select id from orders order by id desc"),
        (
            "select o.id from orders o join refunds r on r.order_id = o.id",
            "select o.id from orders o left join refunds r on r.order_id = o.id",
        ),
        (
            "select id from orders union all select id from refunds",
            "select id from orders union all select id from customers",
        ),
        ("select status from orders group by rollup (status)", "select status from orders group by cube (status)"),
        (
            "with recursive n as (select 1 as i union all select i + 1 from n where i < 9) select i from n",
            "with recursive n as (select 1 as i union all select i + 1 from n where i < 8) select i from n",
        ),
    ] {
        assert_ne!(rows(a), rows(b), "{a}\n{b}");
    }
}
