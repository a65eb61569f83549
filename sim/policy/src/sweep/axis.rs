//! `--vary path=values`: one field of the scenario and its values.

use serin_simulator::scenario::Set;

/// A field and its values, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The field, as [`Set::path`].
    pub path: String,
    /// Its values.
    pub values: Vec<String>,
}

/// The maximum number of values of one field; more are probably a mistake.
const MOST_VALUES: usize = 10_000;

impl Axis {
    /// Reads `analysis.threshold=1..10`, `analysis.threshold=2..10/2` or `world.versions.v2.errors=0%,1%,5%`.
    ///
    /// # Errors
    /// Why it is invalid.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (path, values) = text.split_once('=').ok_or_else(|| {
            format!("`{text}` needs a field and its values, such as analysis.threshold=1..10")
        })?;
        let values: Result<Vec<Vec<String>>, String> = list(values).into_iter().map(expand).collect();
        let values: Vec<String> = values?.into_iter().flatten().collect();
        if path.trim().is_empty() || values.is_empty() {
            return Err(format!("`{text}` needs a field and at least one value"));
        }
        if values.len() > MOST_VALUES {
            return Err(format!("`{text}` has {} values, at most {MOST_VALUES} are allowed", values.len()));
        }
        Ok(Self { path: path.trim().into(), values })
    }
}

/// Values separated by commas; a comma within brackets belongs to a value.
fn list(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut found) = (0_i32, 0, Vec::new());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                found.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(text[from..].trim());
    found.retain(|value| !value.is_empty());
    found
}

/// A range of whole numbers, or the value itself: a range of anything else is one that the seed draws from.
fn expand(value: &str) -> Result<Vec<String>, String> {
    let (span, step) = value.split_once('/').unwrap_or((value, "1"));
    let Some((from, to)) = span.split_once("..") else { return Ok(vec![value.into()]) };
    let (Ok(from), Ok(to)) = (from.trim().parse::<i64>(), to.trim().parse::<i64>()) else {
        return Ok(vec![value.into()]);
    };
    let step: usize = step
        .trim()
        .parse()
        .ok()
        .filter(|step| *step > 0)
        .ok_or_else(|| format!("`{value}`: the step must be a whole number above 0"))?;
    if from > to {
        return Err(format!("`{value}`: the first value is larger than the last"));
    }
    if to.abs_diff(from) / step as u64 >= MOST_VALUES as u64 {
        return Err(format!("`{value}` has more than {MOST_VALUES} values"));
    }
    Ok((from..=to).step_by(step).map(|value| value.to_string()).collect())
}

/// Every combination of the values; the last axis changes fastest.
#[must_use]
pub fn points(axes: &[Axis]) -> Vec<Vec<Set>> {
    let mut points: Vec<Vec<Set>> = vec![Vec::new()];
    for axis in axes {
        points = points
            .into_iter()
            .flat_map(|point| {
                axis.values.iter().map(move |value| {
                    let set = Set { path: axis.path.clone(), value: value.clone() };
                    point.iter().cloned().chain([set]).collect()
                })
            })
            .collect();
    }
    points
}

/// The number of combinations.
#[must_use]
pub fn count(axes: &[Axis]) -> u128 {
    axes.iter().map(|axis| axis.values.len() as u128).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<Vec<String>, String> {
        Axis::parse(text).map(|axis| axis.values)
    }

    #[test]
    fn values_are_lists_and_ranges() {
        assert_eq!(values("a.b=1..4").unwrap(), ["1", "2", "3", "4"]);
        assert_eq!(values("a=2..9/3, 20").unwrap(), ["2", "5", "8", "20"]);
        assert_eq!(values("a=0%,1%").unwrap(), ["0%", "1%"]);
        assert_eq!(values("a=[10,20],[5]").unwrap(), ["[10,20]", "[5]"]);
        assert_eq!(values("a=0%..5%").unwrap(), ["0%..5%"]);
    }

    #[test]
    fn an_invalid_axis_is_refused() {
        for wrong in ["a", "=1", "a=", "a=5..1", "a=1..9/0", "a=1..99999999"] {
            assert!(values(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn points_are_all_combinations_in_order() {
        let axes = ["a=1,2", "b=x,y"].map(|text| Axis::parse(text).unwrap());
        let points = points(&axes);
        let shown: Vec<String> = points
            .iter()
            .map(|point| point.iter().map(|set| &*set.value).collect::<Vec<_>>().join(""))
            .collect();
        assert_eq!(shown, ["1x", "1y", "2x", "2y"]);
        assert_eq!((count(&axes), self::points(&[]).len()), (4, 1));
    }
}
