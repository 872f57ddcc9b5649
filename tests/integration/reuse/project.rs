//! Random projects: sources of numbers, models over one another, and edits of all of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;

/// What an edit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edit {
    /// Comments, line breaks, aliases, the order of conditions: nothing that counts.
    Appearance,
    /// One more column at the end of a model.
    Column,
    /// Another query for a model.
    Query,
    /// Another condition or number in a model.
    Detail,
    /// Another materialisation of a model.
    Materialization,
    /// Rows of a source.
    Data,
    /// A source's file, written anew with the same rows.
    Touch,
    /// A file of the warehouse.
    Warehouse,
    /// Whether a test moves rows out of a model, and by which column.
    Quarantine,
}

const EDITS: [Edit; 9] = [
    Edit::Appearance,
    Edit::Column,
    Edit::Query,
    Edit::Detail,
    Edit::Materialization,
    Edit::Data,
    Edit::Touch,
    Edit::Warehouse,
    Edit::Quarantine,
];

/// The columns that every relation has; each has more after them.
const COLUMNS: [&str; 3] = ["c0", "c1", "c2"];
const SOURCES: usize = 2;

/// How a query is written down.
#[derive(Debug, Clone, Default)]
struct Looks {
    alias: String,
    comment: u64,
    is_tall: bool,
    in_expression: bool,
    turned: bool,
}

#[derive(Debug, Clone)]
enum Query {
    Plain { conditions: Vec<String> },
    Distinct { conditions: Vec<String> },
    Join { other: usize, kind: &'static str, on: (usize, usize), conditions: Vec<String> },
    Group { by: usize, conditions: Vec<String> },
    Union { other: usize, conditions: Vec<String> },
    Window { function: &'static str, by: usize },
    Among { other: usize, word: &'static str, column: usize },
    Exists { other: usize, column: usize },
    First { count: u64 },
}

#[derive(Debug, Clone)]
struct Model {
    materialized: &'static str,
    /// The column without which rows are moved out of it, where it is a table.
    moves: Option<usize>,
    /// Another relation: a source, or a model before this one.
    from: usize,
    query: Query,
    /// Expressions of the three columns and of those after them, in terms of `it`, and of `other` in joins.
    columns: Vec<String>,
    looks: Looks,
}

pub(super) struct Project {
    sources: Vec<Vec<[Option<i64>; 3]>>,
    models: Vec<Model>,
    /// Counts the writings of a source.
    touched: u64,
}

/// The files of a project by their paths.
pub(super) type Files = BTreeMap<String, String>;

fn pick<T: Clone>(dice: &mut Xoshiro256PlusPlus, from: &[T]) -> T {
    from[dice.next_u64() as usize % from.len()].clone()
}

fn below(dice: &mut Xoshiro256PlusPlus, limit: usize) -> usize {
    dice.next_u64() as usize % limit.max(1)
}

impl Project {
    pub(super) fn random(dice: &mut Xoshiro256PlusPlus) -> Project {
        let sources = (0..SOURCES).map(|_| (0..6 + below(dice, 6)).map(|_| row(dice)).collect()).collect();
        let mut project = Project { sources, models: Vec::new(), touched: 0 };
        for at in 0..4 + below(dice, 3) {
            let model = model(dice, at);
            project.models.push(model);
        }
        project
    }

    pub(super) fn models(&self) -> usize {
        self.models.len()
    }

    /// Changes one thing.
    pub(super) fn edit(&mut self, dice: &mut Xoshiro256PlusPlus) -> Edit {
        let edit = pick(dice, &EDITS);
        let at = below(dice, self.models.len());
        let changed = &mut self.models[at];
        match edit {
            Edit::Appearance => changed.looks = looks(dice),
            Edit::Column => {
                let expression = expression(dice, changed);
                changed.columns.push(expression);
            }
            Edit::Query => {
                // Those that read it may read its further columns.
                let columns = changed.columns.len();
                *changed = model(dice, at);
                while changed.columns.len() < columns {
                    let expression = expression(dice, changed);
                    changed.columns.push(expression);
                }
            }
            Edit::Detail => {
                let column = below(dice, changed.columns.len());
                changed.columns[column] = expression(dice, changed);
            }
            Edit::Materialization => changed.materialized = materialization(dice),
            Edit::Quarantine => changed.moves = pick(dice, &[None, Some(0), Some(1), Some(2)]),
            Edit::Data => {
                let source = below(dice, self.sources.len());
                let new = row(dice);
                let rows = &mut self.sources[source];
                match dice.next_u64() % 3 {
                    0 => rows.push(new),
                    1 if rows.len() > 3 => drop(rows.pop()),
                    _ => {
                        let at = below(dice, rows.len());
                        rows[at] = new;
                    }
                }
            }
            Edit::Touch => self.touched += 1,
            Edit::Warehouse => {}
        }
        edit
    }

    pub(super) fn files(&self) -> Files {
        let mut files = Files::new();
        files.insert("dbt_project.yml".to_owned(), "name: random\nversion: '1'\nprofile: random\n".to_owned());
        let target = |it: &str| format!("    {it}: {{type: datafusion, warehouse: {it}}}\n");
        let profile = format!("random:\n  target: kept\n  outputs:\n{}{}", target("kept"), target("clean"));
        files.insert("profiles.yml".to_owned(), profile);
        let mut sources =
            "sources:\n  - name: raw\n    meta: {external_location: 'raw/{name}.csv'}\n    tables:\n".to_owned();
        for (at, rows) in self.sources.iter().enumerate() {
            let columns: Vec<String> = COLUMNS.iter().map(|it| format!("{{name: {it}, data_type: bigint}}")).collect();
            sources.push_str(&format!("      - {{name: s{at}, columns: [{}]}}\n", columns.join(", ")));
            let mut text = COLUMNS.join(",");
            for row in rows {
                let values: Vec<String> = row.iter().map(|it| it.map_or(String::new(), |it| it.to_string())).collect();
                text.push_str(&format!("\n{}", values.join(",")));
            }
            files.insert(format!("raw/s{at}.csv"), format!("{text}\n"));
        }
        files.insert("models/sources.yml".to_owned(), sources);
        let mut moved = "models: []\n".to_owned();
        for (at, model) in self.models.iter().enumerate() {
            let Some(column) = model.moves.filter(|_| model.materialized == "table") else { continue };
            moved = moved.replace("models: []", "models:");
            let test = "{not_null: {config: {quarantine: true}}}";
            moved.push_str(&format!("  - {{name: m{at}, columns: [{{name: c{column}, data_tests: [{test}]}}]}}\n"));
        }
        files.insert("models/moved.yml".to_owned(), moved);
        for (at, model) in self.models.iter().enumerate() {
            files.insert(format!("models/m{at}.sql"), sql(model));
        }
        files
    }

    /// Writes what differs from `before`; a touched source is written in any case.
    pub(super) fn write(&mut self, folder: &Path, before: &Files) -> Result<(), String> {
        let touched = std::mem::take(&mut self.touched) > 0;
        for (path, text) in self.files() {
            let is_touched = touched && path == "raw/s0.csv";
            if before.get(&path) == Some(&text) && !is_touched {
                continue;
            }
            let to = folder.join(&path);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(|error| error.to_string())?;
            }
            fs::write(to, text).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    pub(super) fn describe(&self) -> String {
        self.files().iter().map(|(path, text)| format!("-- {path} --\n{text}\n")).collect()
    }
}

fn row(dice: &mut Xoshiro256PlusPlus) -> [Option<i64>; 3] {
    std::array::from_fn(|_| (!dice.next_u64().is_multiple_of(6)).then(|| (dice.next_u64() % 7) as i64))
}

fn materialization(dice: &mut Xoshiro256PlusPlus) -> &'static str {
    pick(dice, &["table", "table", "delta", "view", "ephemeral"])
}

fn looks(dice: &mut Xoshiro256PlusPlus) -> Looks {
    Looks {
        alias: pick(dice, &["it", "base", "x", "t1"]).to_owned(),
        comment: dice.next_u64() % 1000,
        is_tall: dice.next_u64().is_multiple_of(2),
        in_expression: dice.next_u64().is_multiple_of(2),
        turned: dice.next_u64().is_multiple_of(2),
    }
}

fn model(dice: &mut Xoshiro256PlusPlus, at: usize) -> Model {
    let before = SOURCES + at;
    let (from, other) = (below(dice, before), below(dice, before));
    let conditions = |dice: &mut Xoshiro256PlusPlus| (0..below(dice, 3)).map(|_| condition(dice)).collect();
    let column = below(dice, 3);
    let query = match dice.next_u64() % 9 {
        0 => Query::Plain { conditions: conditions(dice) },
        1 => Query::Distinct { conditions: conditions(dice) },
        2 => {
            let kind = pick(dice, &["join", "join", "left join", "full join"]);
            Query::Join { other, kind, on: (column, below(dice, 3)), conditions: conditions(dice) }
        }
        3 => Query::Group { by: column, conditions: conditions(dice) },
        4 => Query::Union { other, conditions: conditions(dice) },
        5 => Query::Window { function: pick(dice, &["row_number()", "rank()", "sum({it}.c1)"]), by: column },
        6 => Query::Among { other, word: pick(dice, &["in", "not in"]), column },
        7 => Query::Exists { other, column },
        _ => Query::First { count: 1 + dice.next_u64() % 5 },
    };
    let moves = pick(dice, &[None, None, None, Some(column)]);
    let mut model =
        Model { materialized: materialization(dice), moves, from, query, columns: Vec::new(), looks: looks(dice) };
    for _ in 0..COLUMNS.len() {
        let expression = expression(dice, &model);
        model.columns.push(expression);
    }
    model
}

fn condition(dice: &mut Xoshiro256PlusPlus) -> String {
    let column = pick(dice, &COLUMNS);
    let number = dice.next_u64() % 6;
    match dice.next_u64() % 4 {
        0 => format!("{{it}}.{column} is not null"),
        1 => format!("{{it}}.{column} <> {number}"),
        2 => format!("{{it}}.{column} > {}", number % 3),
        _ => format!("coalesce({{it}}.{column}, {number}) < 6"),
    }
}

/// An expression for a column; small numbers stay small.
fn expression(dice: &mut Xoshiro256PlusPlus, model: &Model) -> String {
    let side = |dice: &mut Xoshiro256PlusPlus| match model.query {
        Query::Join { .. } => pick(dice, &["{it}", "{other}"]),
        _ => "{it}",
    };
    let of = |dice: &mut Xoshiro256PlusPlus| format!("{}.{}", side(dice), pick(dice, &COLUMNS));
    let number = dice.next_u64() % 9;
    if let Query::Group { by, .. } = model.query {
        let column = of(dice);
        return match dice.next_u64() % 5 {
            0 => format!("{{it}}.c{by}"),
            1 => format!("count({column})"),
            2 => format!("sum({column})"),
            3 => format!("max({column})"),
            _ => format!("count(*) + {number}"),
        };
    }
    match dice.next_u64() % 6 {
        0 | 1 => of(dice),
        2 => format!("{} + {number}", of(dice)),
        3 => format!("({} * {}) % 97", of(dice), of(dice)),
        4 => format!("coalesce({}, {number})", of(dice)),
        _ => format!("case when {} > {number} then {} else {} end", of(dice), of(dice), of(dice)),
    }
}

fn sql(model: &Model) -> String {
    let name = |at: usize| match at.checked_sub(SOURCES) {
        None => format!("{{{{ source('raw', 's{at}') }}}}"),
        Some(at) => format!("{{{{ ref('m{at}') }}}}"),
    };
    let looks = &model.looks;
    let it = looks.alias.as_str();
    let named = |text: &str| text.replace("{it}", it).replace("{other}", "other");
    let gap = if looks.is_tall { "\n    " } else { " " };
    let base = if looks.in_expression { "base_of_it".to_owned() } else { name(model.from) };
    let head = match looks.in_expression {
        true => format!("with base_of_it as (select * from {})\n", name(model.from)),
        false => String::new(),
    };
    let mut columns: Vec<String> = model.columns.iter().map(|it| named(it)).collect();
    if let Query::Window { function, by } = &model.query {
        let order = format!("{it}.c0, {it}.c1, {it}.c2");
        columns[2] = format!("{} over (partition by {it}.c{by} order by {order})", named(function));
    }
    let columns: Vec<String> = columns.iter().enumerate().map(|(at, it)| format!("{it} as c{at}")).collect();
    let columns = columns.join(&format!(",{gap}"));
    let filter = |conditions: &[String]| {
        let mut conditions: Vec<String> = conditions.iter().map(|it| named(it)).collect();
        if looks.turned {
            conditions.reverse();
        }
        if conditions.is_empty() { String::new() } else { format!("{gap}where {}", conditions.join(" and ")) }
    };
    let from = format!("{gap}from {base} as {it}");
    let query = match &model.query {
        Query::Plain { conditions } => format!("select {columns}{from}{}", filter(conditions)),
        Query::Distinct { conditions } => format!("select distinct {columns}{from}{}", filter(conditions)),
        Query::Join { other, kind, on: (a, b), conditions } => {
            let on = match looks.turned {
                true => format!("other.c{b} = {it}.c{a}"),
                false => format!("{it}.c{a} = other.c{b}"),
            };
            format!("select {columns}{from}{gap}{kind} {} as other on {on}{}", name(*other), filter(conditions))
        }
        Query::Group { by, conditions } => {
            format!("select {columns}{from}{}{gap}group by {it}.c{by}", filter(conditions))
        }
        Query::Union { other, conditions } => {
            let rest: Vec<String> = (0..model.columns.len()).map(|at| format!("c{} as c{at}", at % 3)).collect();
            let (a, b) = (
                format!("select {columns}{from}{}", filter(conditions)),
                format!("select {} from {}", rest.join(", "), name(*other)),
            );
            format!("{a}{gap}union all{gap}{b}")
        }
        Query::Window { .. } => format!("select {columns}{from}"),
        Query::Among { other, word, column } => {
            let among = format!("select c0 from {} where c0 is not null", name(*other));
            format!("select {columns}{from}{gap}where {it}.c{column} {word} ({among})")
        }
        Query::Exists { other, column } => {
            let rows = format!("select 1 from {} as other where other.c1 = {it}.c{column}", name(*other));
            format!("select {columns}{from}{gap}where exists ({rows})")
        }
        Query::First { count } => {
            let order: Vec<String> = (1..=model.columns.len()).map(|it| it.to_string()).collect();
            format!("select {columns}{from}{gap}order by {} limit {count}", order.join(", "))
        }
    };
    let config = match model.materialized {
        "delta" => "{{ config(materialized='table', table_format='delta') }}".to_owned(),
        other => format!("{{{{ config(materialized='{other}') }}}}"),
    };
    format!("{config}\n-- {}\n{head}{query}\n", looks.comment)
}
