//! Simpler values: a number instead of a range, a smaller number, a shorter time.

use std::time::Duration;

use serde_yaml::Value;
use serin_core::time::{Human, parse_duration};

/// Simpler values, the simplest first. Each is a smaller number, or a number instead of a range.
pub(super) fn simpler(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(true) => vec![Value::Bool(false)],
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => smaller(whole).into_iter().map(Value::from).collect(),
            (None, Some(float)) if float > 1.0 => vec![Value::from(float.floor() as u64)],
            (None, _) => Vec::new(),
        },
        Value::String(text) => texts(text).into_iter().map(written).collect(),
        Value::Null | Value::Bool(false) | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => {
            Vec::new()
        }
    }
}

/// A plain number is written without quotes.
fn written(text: String) -> Value {
    match text.parse::<u64>() {
        Ok(number) => Value::from(number),
        Err(_) => Value::String(text),
    }
}

/// A number instead of a range; nothing for any other value.
pub(super) fn exact(value: &Value) -> Vec<Value> {
    let ranges = value.as_str().filter(|text| text.contains(".."));
    ranges.map(|text| texts(text).into_iter().map(written).collect()).unwrap_or_default()
}

fn smaller(number: u64) -> Vec<u64> {
    let mut smaller = vec![0, 1, number / 2, number.saturating_sub(1)];
    smaller.retain(|candidate| *candidate < number);
    smaller.dedup();
    smaller
}

fn texts(text: &str) -> Vec<String> {
    if let Some((min, max)) = text.split_once("..") {
        let (Some(min), Some(max)) = (Quantity::read(min), Quantity::read(max)) else { return Vec::new() };
        let at = |part: f64| Quantity { number: min.number + (max.number - min.number) * part, ..min };
        // The drawn value is not known here: if none of these breaks the claim, the range is kept.
        let parts = [0.0, 1.0, 0.5, 0.25, 0.75].into_iter().chain((1..16).map(|part| f64::from(part) / 16.0));
        let mut exact: Vec<String> = parts.map(|part| at(part).write()).collect();
        exact.insert(2, at(0.5).rounded().write());
        let mut seen = std::collections::BTreeSet::new();
        exact.retain(|written| seen.insert(written.clone()));
        return exact;
    }
    let Some(quantity) = Quantity::read(text) else { return Vec::new() };
    let number = quantity.number;
    let half = Quantity { number: (number / 2.0).floor(), ..quantity }.whole();
    let candidates = [0.0, quantity.unit.one(), half, quantity.rounded().number];
    let smaller = candidates.into_iter().filter(|candidate| *candidate < number);
    smaller.map(|number| Quantity { number, ..quantity }.write()).filter(|written| written != text).collect()
}

/// A number with a unit.
#[derive(Clone, Copy)]
struct Quantity {
    number: f64,
    unit: Unit,
}

#[derive(Clone, Copy)]
enum Unit {
    None,
    Percent,
    /// Milliseconds.
    Time,
}

impl Unit {
    fn one(self) -> f64 {
        match self {
            Self::None | Self::Percent => 1.0,
            Self::Time => 60_000.0,
        }
    }
}

impl Quantity {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let read = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
        if let Some(number) = text.strip_suffix('%') {
            return Some(Self { number: read(number)?, unit: Unit::Percent });
        }
        if let Some(number) = read(text) {
            return Some(Self { number, unit: Unit::None });
        }
        let span = parse_duration(text).ok()?;
        Some(Self { number: span.as_millis() as f64, unit: Unit::Time })
    }

    fn write(self) -> String {
        match self.unit {
            Unit::None => format!("{}", self.number),
            Unit::Percent => format!("{}%", self.number),
            Unit::Time => Human(Duration::from_millis(self.number.round() as u64)).to_string(),
        }
    }

    /// A time in whole seconds.
    fn whole(self) -> f64 {
        match self.unit {
            Unit::Time => (self.number / 1_000.0).floor() * 1_000.0,
            Unit::None | Unit::Percent => self.number,
        }
    }

    /// Rounded to one significant digit, or to whole minutes or seconds.
    fn rounded(self) -> Self {
        let grain = match self.unit {
            Unit::Time if self.number >= 60_000.0 => 60_000.0,
            Unit::Time if self.number >= 1_000.0 => 1_000.0,
            Unit::Time => 1.0,
            Unit::None | Unit::Percent if self.number > 0.0 => 10_f64.powf(self.number.log10().floor()),
            Unit::None | Unit::Percent => 1.0,
        };
        let number = (self.number / grain).floor() * grain;
        // Removes the rounding error of floating-point numbers.
        Self { number: (number * 1e9).round() / 1e9, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        texts(text)
    }

    #[test]
    fn ranges_become_numbers() {
        assert_eq!(of("0%..8%")[..5], ["0%", "8%", "4%", "2%", "6%"]);
        assert_eq!(of("10s..1m")[..3], ["10s", "1m", "35s"]);
        assert_eq!(of("5..5"), ["5"]);
    }

    #[test]
    fn numbers_and_times_become_smaller() {
        assert_eq!(of("5%"), ["0%", "1%", "2%"]);
        assert_eq!(of("10m"), ["0s", "1m", "5m"]);
        assert_eq!(of("90s"), ["0s", "1m", "45s", "1m"]);
        assert_eq!(of("0.37%"), ["0%", "0%", "0.3%"]);
        assert_eq!(simpler(&Value::from(5)), [0, 1, 2, 4].map(Value::from));
        assert_eq!(of("v2"), [""; 0]);
    }
}
