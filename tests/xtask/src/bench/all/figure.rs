//! A figure: what it is called by, its unit, its rounds, and what is told of them.

use serde::{Deserialize, Serialize};

/// One measured figure. Its id begins with its group: `sip.b2bua-none.1000.ratio`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) id: String,
    pub(crate) unit: String,
    /// The median of the rounds; of a ratio, that of the medians.
    pub(crate) value: f64,
    /// Half of what lies between the least and the most of the rounds, in per cent of the value. None: one round shows no spread.
    pub(crate) spread: Option<f64>,
    pub(crate) rounds: Vec<f64>,
}

impl Figure {
    /// The figure of these rounds. None: there are none.
    pub(crate) fn of(id: impl Into<String>, unit: &str, rounds: Vec<f64>) -> Option<Self> {
        let rounds: Vec<f64> = rounds.into_iter().filter(|n| n.is_finite()).collect();
        let value = median(&rounds)?;
        let least = rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let most = rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let spread = 50.0 * (most - least) / value.abs();
        Some(Self {
            id: id.into(),
            unit: unit.to_owned(),
            value,
            spread: (rounds.len() > 1 && spread.is_finite()).then_some(spread),
            rounds,
        })
    }

    /// What a figure is to another, round by round, since their rounds took turns. None: there is nothing to divide by.
    pub(crate) fn ratio(id: impl Into<String>, of: &Self, to: &Self) -> Option<Self> {
        let pairs = of.rounds.iter().zip(&to.rounds);
        let ratio = Self::of(id, "ratio", pairs.map(|(of, to)| of / to).collect())?;
        let value = of.value / to.value;
        value.is_finite().then_some(Self { value, ..ratio })
    }
}

fn median(rounds: &[f64]) -> Option<f64> {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// A number as people read it: `1,730,000`, `93.4`, `2.44`, `0.65`, and a ratio below a tenth as `0.055`.
pub(crate) fn shown(value: f64, unit: &str) -> String {
    let decimals = match value.abs() {
        size if unit == "ratio" && size < 0.1 => 3,
        _ if unit == "ratio" => 2,
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let mut text = format!("{value:.decimals$}");
    if unit != "ratio" && text.contains('.') {
        let least = text.trim_end_matches('0').trim_end_matches('.').len();
        text.truncate(least);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut grouped = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{dot}{fraction}")
}

/// A number with its unit; a ratio and a count need none.
pub(crate) fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "ratio" => shown(value, unit),
        "%" => format!("{} %", shown(value, unit)),
        _ if unit.starts_with('/') => format!("{}{unit}", shown(value, unit)),
        _ => format!("{} {unit}", shown(value, unit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_median_and_how_far_the_rounds_lie_apart() {
        let figure = Figure::of("a", "us", vec![90.0, 110.0, 100.0]).unwrap();
        assert_eq!((figure.value, figure.spread), (100.0, Some(10.0)));
        assert_eq!(Figure::of("a", "us", vec![90.0]).unwrap().spread, None);
        assert_eq!(Figure::of("a", "us", vec![f64::NAN]), None);
    }

    #[test]
    fn a_ratio_is_of_medians_and_its_rounds_are_pairs() {
        let of = |rounds| Figure::of("a", "us", rounds).unwrap();
        let ratio = Figure::ratio(
            "r",
            &of(vec![50.0, 60.0, 70.0]),
            &of(vec![100.0, 120.0, 100.0]),
        );
        let ratio = ratio.unwrap();
        assert_eq!(ratio.value, 0.6);
        assert_eq!(ratio.rounds, [0.5, 0.5, 0.7]);
        assert_eq!(Figure::ratio("r", &of(vec![1.0]), &of(vec![0.0])), None);
    }

    #[test]
    fn numbers_are_shown_as_they_are_read() {
        let samples = [
            (1_730_000.4, "/s", "1,730,000/s"),
            (93.4, "us", "93.4 us"),
            (93.02, "us", "93 us"),
            (2.44, "ms", "2.44 ms"),
            (0.1, "ms", "0.1 ms"),
            (0.7, "ratio", "0.70"),
            (0.0550, "ratio", "0.055"),
            (0.29, "%", "0.29 %"),
            (-1234.0, "us", "-1,234 us"),
            (999.0, "bytes", "999 bytes"),
        ];
        for (value, unit, text) in samples {
            assert_eq!(with_unit(value, unit), text);
        }
    }
}
