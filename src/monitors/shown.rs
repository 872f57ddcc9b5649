//! Numbers as people read them in a table of checks.

/// `1234`, `0.1235`: whole numbers whole, others with four digits that count.
pub(super) fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    // What is left of a difference of equal numbers.
    if value.abs() < 1e-12 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    let before = value.abs().log10().floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 17")]
    let digits = (3.0 - before).clamp(0.0, 17.0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `5.8 %`.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let digits = if percent != 0.0 && percent.abs() < 0.1 { 4 } else { 2 };
    let text = format!("{percent:.digits$}");
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// `1 row`, `5 rows`.
pub(super) fn counted(count: f64, word: &str) -> String {
    format!("{} {word}{}", number(count), if (count - 1.0).abs() < 0.5 { "" } else { "s" })
}

/// `3 days`, of seconds.
pub(super) fn age(seconds: f64) -> String {
    let units = [("day", 86_400.0), ("hour", 3600.0), ("minute", 60.0)];
    let (unit, size) = units.into_iter().find(|(_, size)| seconds >= 2.0 * size).unwrap_or(("second", 1.0));
    counted((seconds / size).floor().max(0.0), unit)
}

/// `between 1 and 5`, `at least 1`, `at most 5`.
pub(super) fn bounds(low: Option<f64>, high: Option<f64>, number: impl Fn(f64) -> String) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{} to {}", number(low), number(high)),
        (Some(low), None) => format!("at least {}", number(low)),
        (None, Some(high)) => format!("at most {}", number(high)),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_count() {
        let shown = [1234.0, 0.123_456, 12_345.678, -0.5, 1e-7, 0.0, 1e-16].map(number);
        assert_eq!(shown, ["1234", "0.1235", "12346", "-0.5", "0.0000001", "0", "0"]);
        assert_eq!([0.058, 0.0, 1.0, 0.000_012].map(percent), ["5.8 %", "0 %", "100 %", "0.0012 %"]);
        assert_eq!([7300.0, 60.0, 400_000.0].map(age), ["2 hours", "60 seconds", "4 days"]);
    }
}
