//! A relation as templates have it: dbt's `Relation`, printed with its parts quoted, asked about its kind.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use crate::jinja::RelationName;
use crate::jinja::database::RelationType;
use crate::jinja::excerpt::no_rows_of;
use crate::jinja::functions::split;

/// The parts of a name, in the order in which they are printed.
const PARTS: [&str; 3] = ["database", "schema", "identifier"];

/// A relation that may or may not exist.
#[derive(Debug, Clone)]
pub(in crate::jinja) struct Relation {
    /// Its name. Parts that are left out of it are empty.
    pub(in crate::jinja) name: RelationName,
    /// What it is, where that is known: `table`, `view`, or what a template says.
    kind: Option<String>,
    /// Which of [`PARTS`] are printed.
    included: [bool; 3],
    /// Which of [`PARTS`] are quoted.
    quoted: [bool; 3],
    /// Whether none of its rows are meant.
    empty: bool,
    /// A condition that its rows must meet, where only some of them are meant.
    condition: Option<String>,
}

impl From<RelationName> for Relation {
    fn from(name: RelationName) -> Relation {
        Relation { name, kind: None, included: [true; 3], quoted: [true; 3], empty: false, condition: None }
    }
}

impl Relation {
    /// A relation of which only the name is known, as a value.
    pub(in crate::jinja) fn named(name: RelationName) -> Value {
        Value::from_object(Relation::from(name))
    }

    /// A relation that a query reads, as a value: perhaps none of its rows, or only some.
    pub(in crate::jinja) fn read(name: RelationName, empty: bool, condition: Option<String>) -> Value {
        Value::from_object(Relation { empty, condition, ..Relation::from(name) })
    }

    /// The name in a value that a statement is about, whichever rows are meant; a text as it is.
    pub(in crate::jinja) fn in_statement(value: &Value) -> String {
        value.downcast_object_ref::<Relation>().map_or_else(|| value.to_string(), Relation::name_in_sql)
    }

    /// A relation that exists, as a value.
    pub(in crate::jinja) fn existing(name: RelationName, kind: RelationType) -> Value {
        Value::from_object(Relation { kind: Some(kind.as_str().to_owned()), ..Relation::from(name) })
    }

    /// The name that a value means: a relation's own, or none.
    pub(in crate::jinja) fn name_of(value: &Value) -> Option<RelationName> {
        value.downcast_object_ref::<Relation>().map(|it| it.name.clone())
    }

    /// `api.Relation.create(database=…, schema=…, identifier=…, type=…)`.
    pub(in crate::jinja) fn create(args: &[Value]) -> Result<Value, Error> {
        let (positional, named) = split(args);
        let part = |at: usize, key: &str| {
            let value = positional.get(at).cloned();
            let value = value.or_else(|| named.as_ref().and_then(|it| it.get::<Option<Value>>(key).ok().flatten()));
            value.filter(|it| !it.is_none() && !it.is_undefined()).map(|it| it.to_string())
        };
        let text = |at: usize| part(at, PARTS[at]).unwrap_or_default();
        let mut relation = Relation::from(RelationName::new(text(0), text(1), text(2)));
        relation.kind = part(3, "type");
        Ok(Value::from_object(relation))
    }

    fn part(&self, at: usize) -> &str {
        match at {
            0 => &self.name.database,
            1 => &self.name.schema,
            _ => &self.name.identifier,
        }
    }

    fn is(&self, kind: &str) -> Value {
        Value::from(self.kind.as_deref() == Some(kind))
    }

    /// The flags of `include` and `quote`: those named replace what was.
    fn flags(was: [bool; 3], args: &[Value]) -> [bool; 3] {
        let (positional, named) = split(args);
        let mut flags = was;
        for (at, flag) in flags.iter_mut().enumerate() {
            let value = positional.get(at).cloned();
            let value =
                value.or_else(|| named.as_ref().and_then(|it| it.get::<Option<Value>>(PARTS[at]).ok().flatten()));
            if let Some(value) = value.filter(|it| !it.is_none()) {
                *flag = value.is_true();
            }
        }
        flags
    }

    /// `incorporate(path={'identifier': …}, type=…)`.
    fn incorporate(&self, args: &[Value]) -> Result<Relation, Error> {
        let (_, named) = split(args);
        let mut relation = self.clone();
        let Some(named) = named else { return Ok(relation) };
        if let Some(path) = named.get::<Option<Value>>("path").ok().flatten() {
            relation.replace(|key| path.get_item(&Value::from(key)).ok());
        }
        if let Some(kind) = named.get::<Option<Value>>("type").ok().flatten() {
            relation.kind = Some(kind.to_string()).filter(|_| !kind.is_none());
        }
        Ok(relation)
    }

    fn replace(&mut self, value: impl Fn(&str) -> Option<Value>) {
        let name = &mut self.name;
        for (part, key) in [&mut name.database, &mut name.schema, &mut name.identifier].into_iter().zip(PARTS) {
            match value(key) {
                Some(new) if new.is_none() => part.clear(),
                Some(new) if !new.is_undefined() => *part = new.to_string(),
                _ => {}
            }
        }
    }
}

impl Relation {
    /// The name alone, whichever rows are meant.
    fn name_in_sql(&self) -> String {
        let shown = |at: &usize| self.included[*at] && !self.part(*at).is_empty();
        // An ephemeral model has no schema: it is a common table expression of the query that uses it.
        let is_expression = self.name.schema.is_empty() && self.name.database.is_empty();
        let text = |at: usize| {
            let part = self.part(at);
            if self.quoted[at] && !is_expression {
                format!("\"{}\"", part.replace('"', "\"\""))
            } else {
                part.to_owned()
            }
        };
        let parts: Vec<String> = (0..PARTS.len()).filter(shown).map(text).collect();
        parts.join(".")
    }
}

/// As dbt writes it for DuckDB: without an alias, so that the query around may give one.
impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.name_in_sql();
        if self.empty {
            text = no_rows_of(&text);
        }
        match &self.condition {
            Some(condition) => write!(f, "(select * from {text} where {condition})"),
            None => f.write_str(&text),
        }
    }
}

const MEMBERS: [&str; 13] = [
    "database",
    "schema",
    "identifier",
    "name",
    "table",
    "type",
    "is_table",
    "is_view",
    "is_cte",
    "is_materialized_view",
    "is_pointer",
    "path",
    "metadata",
];

impl Object for Relation {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        // dbt's is a mapping too, and packages tell relations from texts by that.
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let part = |at: usize| match self.part(at) {
            "" => Value::from(()),
            part => Value::from(part),
        };
        Some(match key.as_str()? {
            "database" => part(0),
            "schema" => part(1),
            "identifier" | "name" | "table" => part(2),
            "type" => self.kind.as_deref().map_or(Value::from(()), Value::from),
            "is_table" => self.is("table"),
            "is_view" => self.is("view"),
            "is_cte" => self.is("cte"),
            "is_materialized_view" => self.is("materialized_view"),
            "is_pointer" => Value::from(false),
            "can_be_renamed" | "can_be_replaced" => Value::from(matches!(self.kind.as_deref(), Some("table" | "view"))),
            "path" => minijinja::context! { database => part(0), schema => part(1), identifier => part(2) },
            "metadata" => minijinja::context! { type => "DuckDBRelation" },
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&MEMBERS)
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let changed = match method {
            "render" => return Ok(Value::from(self.name_in_sql())),
            "quoted" => {
                let name = args.first().map(ToString::to_string).unwrap_or_default();
                return Ok(Value::from(format!("\"{}\"", name.replace('"', "\"\""))));
            }
            "matches" => {
                let wanted = Relation::create(args)?;
                let wanted = wanted.downcast_object_ref::<Relation>().map(|it| it.name.clone()).unwrap_or_default();
                let fits = |own: &str, wanted: &str| wanted.is_empty() || own.eq_ignore_ascii_case(wanted);
                let name = &self.name;
                let all = fits(&name.database, &wanted.database)
                    && fits(&name.schema, &wanted.schema)
                    && fits(&name.identifier, &wanted.identifier);
                return Ok(Value::from(all));
            }
            "include" => Relation { included: Relation::flags(self.included, args), ..Relation::clone(self) },
            "quote" => Relation { quoted: Relation::flags(self.quoted, args), ..Relation::clone(self) },
            "without_identifier" => Relation { included: [true, true, false], ..Relation::clone(self) },
            "incorporate" => self.incorporate(args)?,
            "replace_path" => {
                let (_, named) = split(args);
                let mut relation = Relation::clone(self);
                relation.replace(|key| named.as_ref().and_then(|it| it.get::<Option<Value>>(key).ok().flatten()));
                relation
            }
            "information_schema" => {
                let view = args.first().map(ToString::to_string).filter(|it| it != "none");
                let mut relation = Relation::clone(self);
                relation.name.schema = "information_schema".to_owned();
                relation.name.identifier = view.unwrap_or_default();
                relation.quoted = [true, false, false];
                relation
            }
            // What every mapping has is the template engine's.
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        };
        Ok(Value::from_object(changed))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
