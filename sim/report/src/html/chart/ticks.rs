//! The lines of a grid and their labels.

use std::time::Duration;

use serin_core::time::Human;

/// The kind of number on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Scale {
    /// Seconds.
    Time,
    /// Percentages.
    Percent,
    /// Milliseconds.
    Millis,
    /// Any other number.
    Number,
    /// Indices in a list of names, from 0.
    Names(Vec<String>),
}

/// Usual units of time, in seconds.
const STEPS: [f64; 20] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0,
    21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0,
];

impl Scale {
    /// At most about this number of ticks between two values.
    pub(in super::super) fn ticks(&self, from: f64, to: f64, most: u32) -> Vec<f64> {
        if to <= from {
            return vec![from];
        }
        let least = (to - from) / f64::from(most.max(1));
        let step = match self {
            Self::Time => STEPS.into_iter().find(|step| *step >= least).unwrap_or_else(|| nice(least)),
            Self::Names(names) => {
                let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0) as f64;
                (least * (7.6 * widest + 12.0) / 90.0).ceil().max(1.0)
            }
            Self::Percent | Self::Millis | Self::Number => nice(least),
        };
        let first = (from / step - 1e-9).ceil();
        let count = ((to / step + 1e-9).floor() - first).clamp(0.0, 200.0) as u32;
        (0..=count).map(|i| (first + f64::from(i)) * step).collect()
    }

    /// The label of a tick.
    pub(in super::super) fn label(&self, value: f64) -> String {
        match self {
            Self::Time => Human(Duration::from_millis((value.max(0.0) * 1000.0).round() as u64)).to_string(),
            Self::Percent => format!("{}%", rounded(value)),
            Self::Millis => format!("{}ms", rounded(value)),
            Self::Number => rounded(value),
            Self::Names(names) => {
                let is_whole = (value - value.round()).abs() < 1e-6 && value > -0.5;
                names.get(value.round().max(0.0) as usize).filter(|_| is_whole).cloned().unwrap_or_default()
            }
        }
    }
}

/// The next larger of 1, 2 or 5 times a power of ten.
fn nice(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= least * 0.999).unwrap_or(power)
}

/// Without rounding errors, and with thin spaces between groups of digits from five digits on.
fn rounded(value: f64) -> String {
    let value = (value * 1e6).round() / 1e6;
    if value.abs() >= 10_000.0 {
        super::super::text::grouped(value.round() as u64)
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(Scale::Number.ticks(0.0, 7.0, 5), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(Scale::Percent.ticks(98.7, 100.0, 4), [99.0, 99.5, 100.0]);
        assert_eq!(Scale::Time.ticks(0.0, 720.0, 8), [0.0, 120.0, 240.0, 360.0, 480.0, 600.0, 720.0]);
        assert_eq!(Scale::Number.ticks(3.0, 3.0, 5), [3.0]);
    }

    #[test]
    fn labels_show_the_kind_of_number() {
        assert_eq!(Scale::Time.label(90.0), "1m30s");
        assert_eq!(Scale::Percent.label(0.1 + 0.2), "0.3%");
        assert_eq!(Scale::Number.label(20_000.0), "20\u{202f}000");
        let names = Scale::Names(vec!["a".into(), "b".into()]);
        assert_eq!(
            (names.label(1.0), names.label(0.5), names.label(2.0)),
            ("b".into(), String::new(), String::new())
        );
    }
}
