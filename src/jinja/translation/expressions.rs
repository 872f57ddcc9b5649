//! Reads expressions as Jinja2 does, and notes what has to be written otherwise for the template engine: lists and
//! dicts that can change, operators that objects have, slices. What is not understood is left to the engine.

use super::reader::{Operand, Reader};
use super::tokens::Kind;

impl Reader<'_> {
    /// Several expressions with commas between are one tuple. `wrap`: the engine wants parentheses here.
    pub(super) fn tuple(&mut self, wrap: bool) -> Option<Operand> {
        let (mark, start) = (self.changes.len(), self.start());
        let first = self.expression()?;
        if self.word(0) != "," {
            return Some(first);
        }
        while self.skip(",") {
            if self.at_end() || self.word(0) == ":" {
                break;
            }
            self.expression()?;
        }
        if wrap {
            self.insert(mark, start, "(");
            self.push(self.end()..self.end(), ")");
        }
        Some(Operand::Other)
    }

    /// An expression with conditions: `a if b else c`.
    pub(super) fn expression(&mut self) -> Option<Operand> {
        self.deeper(|it| {
            let mut found = it.condition()?;
            while it.skip("if") {
                it.condition()?;
                if it.skip("else") {
                    it.expression()?;
                }
                found = Operand::Other;
            }
            Some(found)
        })
    }

    /// `or`, and what binds tighter.
    pub(super) fn condition(&mut self) -> Option<Operand> {
        let mut found = self.conjunction()?;
        while self.skip("or") {
            self.conjunction()?;
            found = Operand::Other;
        }
        Some(found)
    }

    fn conjunction(&mut self) -> Option<Operand> {
        let mut found = self.negation()?;
        while self.skip("and") {
            self.negation()?;
            found = Operand::Other;
        }
        Some(found)
    }

    fn negation(&mut self) -> Option<Operand> {
        let mut negated = false;
        while self.skip("not") {
            negated = true;
        }
        let found = self.comparison()?;
        Some(if negated { Operand::Other } else { found })
    }

    fn comparison(&mut self) -> Option<Operand> {
        let mut found = self.sum()?;
        loop {
            let contains = match (self.word(0), self.word(1)) {
                ("==" | "!=" | "<" | "<=" | ">" | ">=", _) => false,
                ("in", _) => true,
                ("not", "in") => {
                    self.at += 1;
                    true
                }
                _ => return Some(found),
            };
            self.at += 1;
            let mark = self.changes.len();
            let right = self.sum()?;
            if contains && right == (Operand::List { constant: true }) {
                // Nothing can change this list, so it may stay a constant.
                self.changes.truncate(mark);
            }
            found = Operand::Other;
        }
    }

    fn sum(&mut self) -> Option<Operand> {
        self.binary(Self::concatenation, |sign| match sign {
            "+" => Some("__add("),
            "-" => Some("__sub("),
            _ => None,
        })
    }

    fn concatenation(&mut self) -> Option<Operand> {
        let mut found = self.product()?;
        while self.skip("~") {
            self.product()?;
            found = Operand::Other;
        }
        Some(found)
    }

    fn product(&mut self) -> Option<Operand> {
        self.binary(Self::power, |sign| match sign {
            "*" => Some("__mul("),
            "/" => Some("__div("),
            "//" => Some("__floordiv("),
            "%" => Some("__mod("),
            _ => None,
        })
    }

    /// Operators of one strength, which become calls where their operands may be objects.
    fn binary(
        &mut self,
        operand: fn(&mut Self) -> Option<Operand>,
        function: fn(&str) -> Option<&'static str>,
    ) -> Option<Operand> {
        let (mark, start) = (self.changes.len(), self.start());
        let mut left = operand(self)?;
        while let Some(function) = function(self.word(0)) {
            let (sign, sign_mark, word) = (self.range(), self.changes.len(), self.word(0));
            self.at += 1;
            let right = operand(self)?;
            if self.must_call(word, left, right) {
                self.changes.insert(sign_mark, (sign, ",".into()));
                self.insert(mark, start, function);
                self.push(self.end()..self.end(), ")");
                left = Operand::Call;
            } else if left == Operand::Number && right == Operand::Number {
                left = Operand::Number;
            } else {
                left = Operand::Other;
            }
        }
        Some(left)
    }

    fn must_call(&self, sign: &str, left: Operand, right: Operand) -> bool {
        let is_list = |it: Operand| matches!(it, Operand::List { .. });
        match sign {
            "+" | "-" => ![Operand::Number, Operand::Text].iter().any(|it| left == *it || right == *it),
            "%" => left != Operand::Number,
            "*" => {
                is_list(left) || is_list(right) || (self.times() && (left, right) != (Operand::Number, Operand::Number))
            }
            _ => self.times() && left != Operand::Number,
        }
    }

    fn power(&mut self) -> Option<Operand> {
        let mut found = self.unary(true)?;
        while self.skip("**") {
            self.unary(true)?;
            found = Operand::Other;
        }
        Some(found)
    }

    fn unary(&mut self, filters: bool) -> Option<Operand> {
        self.deeper(|it| {
            let (mark, start, sign) = (it.changes.len(), it.start(), it.range());
            let mut found = if it.skip("-") {
                match it.unary(false)? {
                    Operand::Number => Operand::Number,
                    _ if it.times() => {
                        it.changes.insert(mark, (sign, "__neg(".into()));
                        it.push(it.end()..it.end(), ")");
                        Operand::Call
                    }
                    _ => Operand::Other,
                }
            } else if it.skip("+") {
                it.push(sign, "");
                it.unary(false)?;
                Operand::Other
            } else {
                it.primary()?
            };
            found = it.postfix(mark, start, found)?;
            if filters {
                found = it.filters(found)?;
            }
            Some(found)
        })
    }

    fn primary(&mut self) -> Option<Operand> {
        let token = self.tokens.get(self.at)?;
        let word = self.word(0);
        match token.kind {
            Kind::Number => self.at += 1,
            Kind::Text => {
                while self.tokens.get(self.at).is_some_and(|it| it.kind == Kind::Text) {
                    self.at += 1;
                }
                return Some(Operand::Text);
            }
            Kind::Name => {
                self.at += 1;
                let constant = matches!(word, "true" | "True" | "false" | "False" | "none" | "None");
                return Some(if constant { Operand::Constant } else { Operand::Other });
            }
            Kind::Sign => {
                return match word {
                    "(" => self.parenthesis(),
                    "[" => self.list(),
                    "{" => self.dict(),
                    _ => None,
                };
            }
        }
        Some(Operand::Number)
    }

    fn parenthesis(&mut self) -> Option<Operand> {
        self.at += 1;
        if self.skip(")") {
            return Some(Operand::Other);
        }
        let mut found = self.expression()?;
        while self.skip(",") {
            found = Operand::Other;
            if self.word(0) == ")" {
                break;
            }
            self.expression()?;
        }
        self.expect(")")?;
        Some(found)
    }

    fn list(&mut self) -> Option<Operand> {
        let opening = self.range();
        self.push(opening, "__list([");
        self.at += 1;
        let mut constant = true;
        while self.word(0) != "]" {
            let item = self.expression()?;
            constant &= matches!(item, Operand::Number | Operand::Text | Operand::Constant);
            if self.word(0) != "]" {
                self.expect(",")?;
            }
        }
        let closing = self.range();
        self.push(closing, "])");
        self.at += 1;
        Some(Operand::List { constant })
    }

    fn dict(&mut self) -> Option<Operand> {
        let opening = self.range();
        self.push(opening, "__dict({");
        self.at += 1;
        while self.word(0) != "}" {
            self.expression()?;
            self.expect(":")?;
            self.expression()?;
            if self.word(0) != "}" {
                self.expect(",")?;
            }
        }
        let closing = self.range();
        self.push(closing, "})");
        self.at += 1;
        Some(Operand::Other)
    }

    /// `.name`, `[…]` and `(…)` behind a value that began at `start`, with its first change at `mark`.
    fn postfix(&mut self, mark: usize, start: usize, mut found: Operand) -> Option<Operand> {
        loop {
            match self.word(0) {
                "." => {
                    self.at += 1;
                    let token = self.tokens.get(self.at)?;
                    if !matches!(token.kind, Kind::Name | Kind::Number) {
                        return None;
                    }
                    self.at += 1;
                    found = Operand::Other;
                }
                "[" => {
                    self.subscript(mark, start)?;
                    found = Operand::Other;
                }
                "(" => {
                    self.arguments()?;
                    found = Operand::Call;
                }
                _ => return Some(found),
            }
        }
    }

    /// `[key]`, or a slice, which becomes a call.
    fn subscript(&mut self, mark: usize, start: usize) -> Option<()> {
        let (opening, inner) = (self.range(), self.changes.len());
        self.at += 1;
        let has_start = self.word(0) != ":";
        if has_start {
            self.expression()?;
        }
        if self.skip("]") {
            return has_start.then_some(());
        }
        self.changes.insert(inner, (opening, if has_start { "," } else { ",none" }.into()));
        self.insert(mark, start, "__slice(");
        for _ in 0..2 {
            let colon = self.range();
            if !self.skip(":") {
                break;
            }
            let is_empty = matches!(self.word(0), ":" | "]");
            self.push(colon, if is_empty { ",none" } else { "," });
            if !is_empty {
                self.expression()?;
            }
        }
        let closing = self.range();
        self.expect("]")?;
        self.push(closing, ")");
        Some(())
    }

    /// The arguments of a call.
    pub(super) fn arguments(&mut self) -> Option<()> {
        self.expect("(")?;
        while self.word(0) != ")" {
            if !self.skip("**") && !self.skip("*") && self.is_name(0) && self.word(1) == "=" {
                self.at += 2;
            }
            self.expression()?;
            if self.word(0) != ")" {
                self.expect(",")?;
            }
        }
        self.expect(")")
    }

    /// `| filter` and `is test`.
    pub(super) fn filters(&mut self, mut found: Operand) -> Option<Operand> {
        loop {
            if self.skip("|") {
                self.filter()?;
            } else if self.skip("is") {
                self.skip("not");
                self.dotted()?;
                match self.tokens.get(self.at).map(|it| it.kind) {
                    _ if self.word(0) == "(" => self.arguments()?,
                    Some(Kind::Name) if matches!(self.word(0), "and" | "or" | "else" | "is" | "if" | "recursive") => {}
                    Some(Kind::Name | Kind::Text | Kind::Number) => self.test_argument()?,
                    _ if matches!(self.word(0), "[" | "{" | "-" | "+") => self.test_argument()?,
                    _ => {}
                }
            } else {
                return Some(found);
            }
            found = Operand::Other;
        }
    }

    fn test_argument(&mut self) -> Option<()> {
        self.unary(false).map(|_| ())
    }

    /// A filter's name and arguments.
    pub(super) fn filter(&mut self) -> Option<()> {
        self.dotted()?;
        if self.word(0) == "(" { self.arguments() } else { Some(()) }
    }

    fn dotted(&mut self) -> Option<()> {
        self.name()?;
        while self.skip(".") {
            self.name()?;
        }
        Some(())
    }
}
