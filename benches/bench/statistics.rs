//! Medians, percentiles, and how far to trust them.

use std::time::Duration;

/// The middle value; of none it is 0.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        length if length % 2 == 1 => sorted[length / 2],
        length => f64::midpoint(sorted[length / 2 - 1], sorted[length / 2]),
    }
}

/// The standard error of the median in percent of it, taking the values for normally distributed: 1.25 s/√n. Unknown of one.
pub fn uncertainty_percent(values: &[f64]) -> Option<f64> {
    let (count, median) = (values.len() as f64, median(values));
    if values.len() < 2 || median == 0.0 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    Some(125.0 * variance.sqrt() / count.sqrt() / median)
}

/// The value that so many of a hundred do not exceed, in milliseconds. `sorted` is.
pub fn percentile_ms(sorted: &[Duration], percent: f64) -> f64 {
    let rank = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).map_or(0.0, |value| value.as_secs_f64() * 1e3)
}
