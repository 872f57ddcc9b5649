//! Python's module `itertools`, as far as dbt gives it. What is finite becomes a list.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use crate::jinja::values::{Arguments, failed, list, tuple};

/// The module as a value.
pub(super) fn module() -> Value {
    const FUNCTIONS: [&str; 14] = [
        "accumulate",
        "chain",
        "combinations",
        "combinations_with_replacement",
        "compress",
        "count",
        "cycle",
        "islice",
        "permutations",
        "product",
        "repeat",
        "starmap",
        "tee",
        "zip_longest",
    ];
    Value::from_pairs(FUNCTIONS.iter().map(|it| (*it, Value::from_object(Function(it)))))
}

/// No list gets longer, and no endless one is followed further.
const MOST: usize = 1_000_000;

#[derive(Debug)]
struct Function(&'static str);

/// Items without end.
#[derive(Debug)]
enum Endless {
    Count(i64, i64),
    CountFloating(f64, f64),
    Cycle(Vec<Value>),
    Repeat(Value),
}

fn too_many() -> Error {
    failed(format!("more than {MOST} items"))
}

fn items(value: &Value) -> Result<Vec<Value>, Error> {
    let items: Vec<Value> = value.try_iter()?.take(MOST + 1).collect();
    if items.len() > MOST { Err(too_many()) } else { Ok(items) }
}

/// How positions are picked out of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Picks {
    Combinations,
    Repeated,
    Permutations,
}

/// All picks of so many positions out of `length`, in Python's order.
fn picks(length: usize, size: usize, kind: Picks) -> Result<Vec<Vec<usize>>, Error> {
    let mut found: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..size {
        let mut longer = Vec::new();
        for picked in &found {
            let first = match (kind, picked.last()) {
                (Picks::Permutations, _) | (_, None) => 0,
                (Picks::Combinations, Some(last)) => last + 1,
                (Picks::Repeated, Some(last)) => *last,
            };
            for at in first..length {
                if kind == Picks::Permutations && picked.contains(&at) {
                    continue;
                }
                longer.push([picked.as_slice(), &[at]].concat());
                if longer.len() > MOST {
                    return Err(too_many());
                }
            }
        }
        found = longer;
    }
    Ok(found)
}

fn product(lists: &[Vec<Value>]) -> Result<Value, Error> {
    let mut found: Vec<Vec<Value>> = vec![Vec::new()];
    for items in lists {
        if found.len().checked_mul(items.len()).is_none_or(|it| it > MOST) {
            return Err(too_many());
        }
        let longer = |it: &Vec<Value>| {
            items.iter().map(|item| [it.as_slice(), std::slice::from_ref(item)].concat()).collect::<Vec<_>>()
        };
        found = found.iter().flat_map(longer).collect();
    }
    Ok(list(found.into_iter().map(tuple).collect()))
}

fn islice(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let bound = |at: usize| match arguments.positional.get(at) {
        Some(it) if !it.is_none() => {
            let bound = it.as_usize().ok_or_else(|| arguments.wrong("stop", "a whole number from 0 on", it))?;
            Ok::<_, Error>(Some(bound))
        }
        _ => Ok(None),
    };
    let (start, stop) =
        if arguments.positional.len() > 2 { (bound(1)?.unwrap_or(0), bound(2)?) } else { (0, bound(1)?) };
    let step = bound(3)?.unwrap_or(1).max(1);
    let iterable = arguments.needed(0, "iterable")?;
    let picked = iterable.try_iter()?.take(stop.unwrap_or(MOST + 1)).skip(start).step_by(step);
    Ok(list(picked.collect()))
}

impl Function {
    fn lists(arguments: &Arguments<'_>) -> Result<Vec<Vec<Value>>, Error> {
        arguments.positional.iter().map(items).collect()
    }

    fn run(&self, state: &mut State<'_, '_>, arguments: &Arguments<'_>) -> Result<Value, Error> {
        let first = || items(&arguments.needed(0, "iterable")?);
        let count = |at: usize, name: &str| Ok::<_, Error>(usize::try_from(arguments.whole(at, name)?).unwrap_or(0));
        Ok(match self.0 {
            "chain" => list(Self::lists(arguments)?.concat()),
            "product" => {
                let repeat = usize::try_from(arguments.whole_or(usize::MAX, "repeat", 1)?).unwrap_or(0);
                let lists = Self::lists(arguments)?;
                product(
                    &lists.iter().cycle().take(lists.len().saturating_mul(repeat).min(64)).cloned().collect::<Vec<_>>(),
                )?
            }
            "combinations" | "combinations_with_replacement" | "permutations" => {
                let items = first()?;
                let kind = match self.0 {
                    "combinations" => Picks::Combinations,
                    "permutations" => Picks::Permutations,
                    _ => Picks::Repeated,
                };
                let size = if arguments.given(1, "r").is_some() { count(1, "r")? } else { items.len() };
                let pick = |it: Vec<usize>| tuple(it.iter().filter_map(|at| items.get(*at).cloned()).collect());
                list(picks(items.len(), size, kind)?.into_iter().map(pick).collect())
            }
            "islice" => islice(arguments)?,
            "zip_longest" => {
                let fill = arguments.given(usize::MAX, "fillvalue").unwrap_or_else(|| Value::from(()));
                let lists = Self::lists(arguments)?;
                let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
                let row = |at: usize| tuple(lists.iter().map(|it| it.get(at).unwrap_or(&fill).clone()).collect());
                list((0..longest).map(row).collect())
            }
            "count" => {
                let whole = |it: &Option<Value>| it.as_ref().is_none_or(Value::is_integer);
                let (start, step) = (arguments.given(0, "start"), arguments.given(1, "step"));
                let floating =
                    |it: Option<Value>, default: f64| it.and_then(|it| f64::try_from(it).ok()).unwrap_or(default);
                Value::from_object(if whole(&start) && whole(&step) {
                    Endless::Count(arguments.whole_or(0, "start", 0)?, arguments.whole_or(1, "step", 1)?)
                } else {
                    Endless::CountFloating(floating(start, 0.0), floating(step, 1.0))
                })
            }
            "cycle" => Value::from_object(Endless::Cycle(first()?)),
            "repeat" => {
                let item = arguments.needed(0, "object")?;
                match arguments.given(1, "times") {
                    Some(_) => list(vec![item; count(1, "times")?.min(MOST)]),
                    None => Value::from_object(Endless::Repeat(item)),
                }
            }
            "accumulate" => {
                let mut sums: Vec<Value> = Vec::new();
                let start = arguments.given(usize::MAX, "initial").filter(|it| !it.is_none());
                let function = arguments.given(1, "func").filter(|it| !it.is_none());
                for item in start.into_iter().chain(first()?) {
                    let sum = match (sums.last(), &function) {
                        (None, _) => item,
                        (Some(last), Some(function)) => function.call(state, &[last.clone(), item])?,
                        (Some(last), None) => {
                            let add = state.lookup("__add").unwrap_or_default();
                            add.call(state, &[last.clone(), item])?
                        }
                    };
                    sums.push(sum);
                }
                list(sums)
            }
            "compress" => {
                let chosen = items(&arguments.needed(1, "selectors")?)?;
                list(first()?.into_iter().zip(chosen).filter(|(_, it)| it.is_true()).map(|(it, _)| it).collect())
            }
            "starmap" => {
                let function = arguments.needed(0, "function")?;
                let mut results = Vec::new();
                for args in items(&arguments.needed(1, "iterable")?)? {
                    results.push(function.call(state, &items(&args)?)?);
                }
                list(results)
            }
            "tee" => {
                let items = first()?;
                let times = usize::try_from(arguments.whole_or(1, "n", 2)?).unwrap_or(0).min(1000);
                tuple((0..times).map(|_| list(items.clone())).collect())
            }
            name => return Err(Error::new(ErrorKind::UnknownMethod, format!("itertools has no function `{name}`"))),
        })
    }
}

impl Object for Function {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        self.run(state, &Arguments::new(self.0, args))
    }
}

impl Object for Endless {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let this = Arc::clone(self);
        let item = move |at: usize| match &*this {
            Endless::Count(start, step) => {
                let at = i64::try_from(at).unwrap_or(i64::MAX);
                Value::from(start.saturating_add(step.saturating_mul(at)))
            }
            Endless::CountFloating(start, step) => Value::from(start + step * at as f64),
            Endless::Cycle(items) => at.checked_rem(items.len()).map(|it| items[it].clone()).unwrap_or_default(),
            Endless::Repeat(item) => item.clone(),
        };
        let end = match &**self {
            Endless::Cycle(items) if items.is_empty() => 0,
            _ => MOST,
        };
        let beyond = (end > 0).then(|| Value::from(too_many()));
        Enumerator::Iter(Box::new((0..end).map(item).chain(beyond)))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        None
    }
}
