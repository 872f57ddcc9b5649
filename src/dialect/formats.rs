//! `format('{} of {}', a, b)` and `printf('%d of %s', a, b)`, as texts put together. Formats that are not written out,
//! and those that need more than digits behind the point, are left: there is no function of that name then.

use datafusion::sql::sqlparser::ast::{BinaryOperator, CastKind, DataType, ExactNumberInfo, Expr};

use super::calls::text;

/// `{}`, `{:.2f}`.
pub(super) fn braces(pattern: &str, values: &[Expr]) -> Option<Expr> {
    let mut parts = Vec::new();
    let mut values = values.iter();
    let mut rest = pattern;
    while let Some(at) = rest.find('{') {
        parts.push(text(&rest[..at]));
        let (inside, after) = rest[at + 1..].split_once('}')?;
        let value = values.next()?;
        parts.push(match inside {
            "" => cast(value, DataType::Varchar(None)),
            digits => with_digits(value, digits.strip_prefix(":.")?.strip_suffix('f')?)?,
        });
        rest = after;
    }
    if rest.contains('}') {
        return None;
    }
    parts.push(text(rest));
    joined(parts)
}

/// `%s`, `%d`, `%.2f`, `%%`.
pub(super) fn percents(pattern: &str, values: &[Expr]) -> Option<Expr> {
    let mut parts = Vec::new();
    let mut values = values.iter();
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        parts.push(text(&rest[..at]));
        let behind = &rest[at + 1..];
        let end = behind.find(|it: char| it.is_ascii_alphabetic() || it == '%')?;
        let (flags, after) = behind.split_at(end);
        parts.push(match (flags, after.as_bytes().first()?) {
            ("", b'%') => text("%"),
            ("", b's' | b'd' | b'i') => cast(values.next()?, DataType::Varchar(None)),
            (digits, b'f') => with_digits(values.next()?, digits.strip_prefix('.')?)?,
            _ => return None,
        });
        rest = &after[1..];
    }
    parts.push(text(rest));
    joined(parts)
}

fn with_digits(value: &Expr, digits: &str) -> Option<Expr> {
    let digits: u64 = digits.parse().ok().filter(|it| *it <= 30)?;
    let digits = i64::try_from(digits).ok()?;
    let rounded = cast(value, DataType::Decimal(ExactNumberInfo::PrecisionAndScale(38, digits)));
    Some(cast(&rounded, DataType::Varchar(None)))
}

fn cast(value: &Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(value.clone()), data_type, array: false, format: None }
}

fn joined(parts: Vec<Expr>) -> Option<Expr> {
    let join = |left: Expr, right: Expr| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::StringConcat,
        right: Box::new(right),
    };
    parts.into_iter().reduce(join).map(|it| Expr::Nested(Box::new(it)))
}
