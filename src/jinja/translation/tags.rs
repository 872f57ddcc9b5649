//! What each kind of tag may hold, as Jinja2 and dbt have it, and what the template engine wants instead.

use std::ops::Range;

use super::definitions::{Definition, Parameters};
use super::reader::{Operand, Reader};
use super::tokens::Kind;
use crate::jinja::rewriting::{self, Change};

/// What a tag does to the macros of its file.
pub(super) enum Effect {
    None,
    Opens(Box<Definition>),
    Closes,
}

/// `{{ … }}`.
pub(super) fn output(reader: &mut Reader<'_>) -> Option<()> {
    reader.tuple(true)?;
    reader.at_end().then_some(())
}

/// `{% … %}`.
pub(super) fn block(reader: &mut Reader<'_>) -> Option<Effect> {
    let word = reader.word(0);
    let keyword = reader.name()?;
    match word {
        "if" | "elif" => {
            reader.tuple(true)?;
        }
        "for" => for_loop(reader)?,
        "set" => set(reader)?,
        "do" => do_call(reader)?,
        "call" => call(reader)?,
        "filter" => {
            reader.filter()?;
            while reader.skip("|") {
                reader.filter()?;
            }
        }
        "with" => {
            while reader.is_name(0) {
                target(reader)?;
                reader.expect("=")?;
                reader.expression()?;
                reader.skip(",");
            }
        }
        "macro" | "test" | "data_test" => return definition(reader, word, keyword),
        "materialization" => return materialization(reader, keyword),
        "endmacro" => return Some(Effect::Closes),
        "endtest" | "enddata_test" | "endmaterialization" => {
            reader.push(keyword, "endmacro");
            return Some(Effect::Closes);
        }
        "else" => {}
        _ => return Some(Effect::None),
    }
    end(reader)?;
    Some(Effect::None)
}

/// A colon may end a tag that opens a block, for those who are used to Python.
fn end(reader: &mut Reader<'_>) -> Option<()> {
    let start = reader.start();
    if reader.skip(":") {
        reader.push(start..start + 1, "");
    }
    reader.at_end().then_some(())
}

/// Names that are assigned to: `a`, `a, b`, `(a, b)`, `a.b`.
fn target(reader: &mut Reader<'_>) -> Option<()> {
    loop {
        if reader.skip("(") {
            target(reader)?;
            reader.expect(")")?;
        } else {
            reader.name()?;
            while reader.skip(".") {
                reader.name()?;
            }
        }
        if !reader.skip(",") || !(reader.is_name(0) || reader.word(0) == "(") || reader.word(0) == "in" {
            return Some(());
        }
    }
}

fn for_loop(reader: &mut Reader<'_>) -> Option<()> {
    target(reader)?;
    reader.expect("in")?;
    let (mark, start) = (reader.changes.len(), reader.start());
    let found = reader.condition()?;
    if found == (Operand::List { constant: true }) {
        // Nothing can change this list, so it may stay a constant.
        reader.changes.truncate(mark);
    }
    if reader.word(0) == "," {
        while reader.skip(",") && !reader.at_end() && !matches!(reader.word(0), "if" | "recursive" | ":") {
            reader.condition()?;
        }
        reader.insert(mark, start, "(");
        reader.push(reader.end()..reader.end(), ")");
    }
    if reader.skip("if") {
        reader.expression()?;
    }
    reader.skip("recursive");
    Some(())
}

fn set(reader: &mut Reader<'_>) -> Option<()> {
    target(reader)?;
    if reader.skip("=") {
        reader.tuple(false)?;
    } else {
        while reader.skip("|") {
            reader.filter()?;
        }
    }
    Some(())
}

/// The engine takes calls alone.
fn do_call(reader: &mut Reader<'_>) -> Option<()> {
    let (mark, start) = (reader.changes.len(), reader.start());
    if reader.tuple(true)? != Operand::Call {
        reader.insert(mark, start, "__do(");
        reader.push(reader.end()..reader.end(), ")");
    }
    Some(())
}

fn call(reader: &mut Reader<'_>) -> Option<()> {
    if reader.word(0) == "(" {
        signature(reader)?;
    }
    reader.expression().map(|_| ())
}

fn definition(reader: &mut Reader<'_>, word: &str, keyword: Range<usize>) -> Option<Effect> {
    let name = reader.name()?;
    let written = &reader.text[name.clone()];
    let mut definition = Definition {
        name: if word == "macro" { written.to_owned() } else { format!("test_{written}") },
        opening: keyword.start..name.end,
        written: name,
        parameters: None,
        close: None,
        varargs: false,
        kwargs: false,
    };
    let mark = reader.changes.len();
    if let Some((parameters, later)) = signature(reader) {
        definition.close = Some(reader.end().saturating_sub(1));
        definition.parameters = Some(parameters);
        end(reader)?;
        if !later.is_empty() {
            let at = reader.tokens.last().map_or(0, |it| it.range.end);
            reader.changes.push((at..at, later.into()));
        }
    } else {
        reader.changes.truncate(mark);
    }
    Some(Effect::Opens(Box::new(definition)))
}

/// Parameters in parentheses. What a default says of an earlier parameter can only be known behind them all, as the
/// engine sets the last one first: such a default becomes a condition behind the tag.
fn signature(reader: &mut Reader<'_>) -> Option<(Parameters, String)> {
    reader.expect("(")?;
    let (mut parameters, mut later) = (Parameters::default(), String::new());
    while reader.word(0) != ")" {
        let name = reader.name()?;
        let name = &reader.text[name];
        if reader.word(0) == ":" {
            let start = reader.start();
            reader.at += 1;
            type_name(reader)?;
            reader.push(start..reader.end(), "");
        }
        if reader.skip("=") {
            let (mark, start, first) = (reader.changes.len(), reader.start(), reader.at);
            reader.expression()?;
            let range = start..reader.end();
            if mentions(reader, first, &parameters) {
                let inner: Vec<Change> = reader.changes.drain(mark..).collect();
                let inner = inner.into_iter().map(|(it, text)| (it.start - start..it.end - start, text)).collect();
                let (default, _) = rewriting::apply(&reader.text[range.clone()], inner);
                reader.push(range, "__undefined");
                later.push_str(&format!(" %}}{{% if {name} is undefined %}}{{% set {name} = {default} %}}{{% endif "));
            }
        }
        parameters.names.push(name.to_owned());
        if reader.word(0) != ")" {
            reader.expect(",")?;
            parameters.trailing_comma = reader.word(0) == ")";
        }
    }
    reader.expect(")")?;
    Some((parameters, later))
}

/// Whether the tokens since `first` name a parameter.
fn mentions(reader: &Reader<'_>, first: usize, parameters: &Parameters) -> bool {
    (first..reader.at).any(|at| {
        let word = |at: usize| reader.tokens.get(at).map_or("", |it| &reader.text[it.range.clone()]);
        reader.tokens[at].kind == Kind::Name
            && parameters.names.iter().any(|it| it == word(at))
            && word(at.wrapping_sub(1)) != "."
            && word(at + 1) != "="
    })
}

/// A type behind a parameter: `dict[string, integer]`. dbt checks these on request; here they say nothing.
fn type_name(reader: &mut Reader<'_>) -> Option<()> {
    let mut open = 0_usize;
    loop {
        reader.name()?;
        while reader.skip("[") {
            open += 1;
            reader.name()?;
        }
        while open > 0 && reader.skip("]") {
            open -= 1;
        }
        if open == 0 {
            return Some(());
        }
        reader.expect(",")?;
    }
}

/// `materialization name, adapter='duckdb'` is the macro `materialization_name_duckdb`.
fn materialization(reader: &mut Reader<'_>, keyword: Range<usize>) -> Option<Effect> {
    let name = reader.name()?;
    let mut adapter = "default".to_owned();
    while reader.skip(",") {
        let key = reader.name()?;
        if reader.skip("=") {
            let value = reader.start();
            reader.expression()?;
            if &reader.text[key] == "adapter" {
                adapter = reader.text[value..reader.end()].trim_matches(['\'', '"']).to_owned();
            }
        }
    }
    reader.changes.clear();
    reader.push(name.end..reader.end(), "()");
    let text = &reader.text[name.clone()];
    Some(Effect::Opens(Box::new(Definition {
        name: format!("materialization_{text}_{adapter}"),
        opening: keyword.start..name.end,
        written: name,
        parameters: Some(Parameters::default()),
        close: None,
        varargs: false,
        kwargs: false,
    })))
}
