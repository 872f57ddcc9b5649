//! The statistics that monitors judge by. Pure functions over counts and numbers; each names its source.

use std::collections::BTreeMap;

/// The middle of some numbers; of an even count, halfway between the two in the middle. `None` of none.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len() % 2 == 1 { upper } else { f64::midpoint(sorted[middle - 1], upper) })
}

/// How many standard deviations a count lies from the median of earlier ones.
///
/// The deviation is estimated by 1.4826 times the median absolute deviation, which a few odd weeks don't move
/// (B. Iglewicz, D. Hoaglin: How to Detect and Handle Outliers, 1993). It is at least the square root of the median:
/// counts of independent events vary by as much (Poisson), however alike a few weeks may look.
pub(super) fn z_score_of_count(value: f64, earlier: &[f64]) -> Option<f64> {
    let middle = median(earlier)?;
    Some((value - middle) / deviation_of_counts(earlier)?)
}

/// The standard deviation that [`z_score_of_count`] counts in.
pub(super) fn deviation_of_counts(earlier: &[f64]) -> Option<f64> {
    let middle = median(earlier)?;
    let deviations: Vec<f64> = earlier.iter().map(|it| (it - middle).abs()).collect();
    Some((1.4826 * median(&deviations)?).max(middle.max(1.0).sqrt()))
}

/// The standard error of the difference of two shares, pooled (the two-proportion z-test; G. Snedecor, W. Cochran:
/// Statistical Methods, 8th edition, 7.7).
pub(super) fn standard_error_of_shares(first: (f64, f64), second: (f64, f64)) -> f64 {
    let pooled = (first.0 + second.0) / (first.1 + second.1);
    (pooled * (1.0 - pooled) * (1.0 / first.1 + 1.0 / second.1)).sqrt()
}

/// Counts by category.
pub(super) type Counts = BTreeMap<String, f64>;

/// The categories of both, each with its two counts.
fn paired(now: &Counts, before: &Counts) -> Vec<(f64, f64)> {
    let names: std::collections::BTreeSet<&String> = now.keys().chain(before.keys()).collect();
    let of = |counts: &Counts, name: &String| counts.get(name).copied().unwrap_or_default();
    names.into_iter().map(|name| (of(now, name), of(before, name))).collect()
}

fn total(counts: &Counts) -> f64 {
    counts.values().sum()
}

/// The population stability index: the sum over categories of (p − q) ln (p / q) (N. Siddiqi: Credit Risk Scorecards,
/// 2006; twice the symmetrised Kullback–Leibler divergence of Jeffreys). Half a row is added to each category on both
/// sides, so that a category that one side lacks has a finite weight.
pub(super) fn population_stability_index(now: &Counts, before: &Counts) -> f64 {
    let pairs = paired(now, before);
    let added = 0.5 * shown_as_number(pairs.len());
    let (all_now, all_before) = (total(now) + added, total(before) + added);
    let part = |(now, before): (f64, f64)| {
        let (p, q) = ((now + 0.5) / all_now, (before + 0.5) / all_before);
        (p - q) * (p / q).ln()
    };
    pairs.into_iter().map(part).sum()
}

/// The Jensen–Shannon divergence to the base 2, between 0 and 1 (J. Lin: Divergence Measures Based on the Shannon
/// Entropy, IEEE Transactions on Information Theory 37, 1991).
pub(super) fn jensen_shannon(now: &Counts, before: &Counts) -> f64 {
    let (all_now, all_before) = (total(now), total(before));
    let term = |p: f64, middle: f64| if p > 0.0 { p * (p / middle).log2() } else { 0.0 };
    let part = |(now, before): (f64, f64)| {
        let (p, q) = (now / all_now, before / all_before);
        let middle = f64::midpoint(p, q);
        f64::midpoint(term(p, middle), term(q, middle))
    };
    paired(now, before).into_iter().map(part).sum()
}

/// What the population stability index of two samples of one distribution exceeds once in a thousand times: it is
/// (1/n + 1/m) times a chi-squared variable with one degree of freedom less than there are categories (B. Yurdakul,
/// J. Naranjo: Statistical Properties of the Population Stability Index, Journal of Risk Model Validation 14, 2020).
pub(super) fn chance_of_index(now: &Counts, before: &Counts) -> f64 {
    let degrees = shown_as_number(paired(now, before).len().saturating_sub(1));
    (1.0 / total(now) + 1.0 / total(before)) * chi_squared(degrees)
}

/// The same of the Jensen–Shannon divergence: near equality it is the index over 8 ln 2.
pub(super) fn chance_of_divergence(now: &Counts, before: &Counts) -> f64 {
    chance_of_index(now, before) / (8.0 * std::f64::consts::LN_2)
}

/// The 99.9th percentile of the chi-squared distribution (E. Wilson, M. Hilferty: The Distribution of Chi-Square, PNAS 17,
/// 1931).
fn chi_squared(degrees: f64) -> f64 {
    if degrees <= 0.0 {
        return 0.0;
    }
    let z = 3.090_232;
    let part = 2.0 / (9.0 * degrees);
    degrees * (1.0 - part + z * part.sqrt()).powi(3)
}

/// What the Kolmogorov–Smirnov statistic of two samples of one distribution exceeds once in a thousand times:
/// sqrt(−ln(0.0005) / 2) · sqrt((n + m) / (n m)) (N. Smirnov: Table for Estimating the Goodness of Fit of Empirical
/// Distributions, Annals of Mathematical Statistics 19, 1948).
pub(super) fn chance_of_distance(now: f64, before: f64) -> f64 {
    1.949_475 * ((now + before) / (now * before)).sqrt()
}

/// Points of a distribution function, values rising: each value with the share of rows that are not above it.
pub(super) type Points = Vec<(f64, f64)>;

/// The Kolmogorov–Smirnov statistic of two distribution functions of which only points are known: the greatest
/// difference between them at any of these points.
pub(super) fn distance(now: &Points, before: &Points) -> f64 {
    let at = |points: &Points, value: f64| {
        let below = points.partition_point(|it| it.0 <= value);
        if below == 0 { 0.0 } else { points[below - 1].1 }
    };
    let values = now.iter().chain(before).map(|it| it.0);
    values.map(|value| (at(now, value) - at(before, value)).abs()).fold(0.0, f64::max)
}

#[expect(clippy::cast_precision_loss, reason = "a number of categories")]
fn shown_as_number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }

    fn counts(of: &[(&str, f64)]) -> Counts {
        of.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn the_median_is_not_moved_by_one_odd_week() {
        assert_eq!(median(&[3.0, 1.0, 1000.0]), Some(3.0));
        assert_eq!(median(&[4.0, 2.0]), Some(3.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn counts_vary_at_least_as_counts_do() {
        // Four weeks that look alike are no reason to call three rows more an outlier.
        near(z_score_of_count(103.0, &[100.0; 4]).unwrap(), 0.3);
        near(z_score_of_count(0.0, &[100.0; 4]).unwrap(), -10.0);
        near(z_score_of_count(200.0, &[100.0, 140.0, 60.0, 100.0, 180.0]).unwrap(), 100.0 / (1.4826 * 40.0));
    }

    #[test]
    fn distributions_that_are_alike_and_that_are_not() {
        let (a, b) = (counts(&[("x", 900.0), ("y", 100.0)]), counts(&[("x", 500.0), ("y", 500.0)]));
        near(population_stability_index(&a, &a), 0.0);
        near(jensen_shannon(&a, &a), 0.0);
        // 0.4 · ln(0.9/0.5) + (−0.4) · ln(0.1/0.5), but for half a row.
        assert!((population_stability_index(&a, &b) - 0.878_9).abs() < 0.01);
        near(jensen_shannon(&a, &b), 0.146_79);
        near(jensen_shannon(&counts(&[("x", 5.0)]), &counts(&[("y", 5.0)])), 1.0);
    }

    #[test]
    fn chance_is_what_tables_say() {
        // 99.9 % of chi-squared; the approximation is a little too large, by 3 % with one degree of freedom.
        for (degrees, expected) in [(1.0, 10.828), (10.0, 29.588), (50.0, 86.661)] {
            assert!((chi_squared(degrees) / expected - 1.0).abs() < 0.04, "{degrees}");
        }
        near(chance_of_distance(100.0, 100.0), 0.275_7);
    }

    #[test]
    fn the_distance_of_two_distribution_functions() {
        let (a, b) = (vec![(1.0, 0.5), (2.0, 1.0)], vec![(1.5, 0.25), (3.0, 1.0)]);
        near(distance(&a, &b), 0.75);
        near(distance(&a, &a), 0.0);
    }
}
