//! Sums and divisions of instant vectors, where a value that is absent is not zero.

/// `sum(…)`: `None` where no element has a value.
///
/// Added up with Neumaier's compensation, as Prometheus does.
#[inline]
#[must_use]
pub fn sum(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let mut values = values.into_iter().flatten();
    let mut sum = values.next()?;
    let mut lost = 0.0;
    for value in values {
        let total = sum + value;
        if total.is_infinite() {
            lost = 0.0;
        } else if sum.abs() >= value.abs() {
            lost += (sum - total) + value;
        } else {
            lost += (value - total) + sum;
        }
        sum = total;
    }
    Some(sum + lost)
}

/// `left / right` of two sums: `None` where one has no value; 0/0 is `NaN`.
#[inline]
#[must_use]
pub fn ratio(left: Option<f64>, right: Option<f64>) -> Option<f64> {
    Some(left? / right?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_not_zero() {
        assert_eq!(sum([]), None);
        assert_eq!(sum([None, None]), None);
        assert_eq!(sum([None, Some(0.0)]), Some(0.0));
        assert_eq!(ratio(None, Some(1.0)), None);
        assert_eq!(ratio(Some(1.0), None), None);
        assert!(ratio(Some(0.0), Some(0.0)).unwrap().is_nan());
    }

    #[test]
    fn small_values_are_not_swallowed() {
        assert_eq!(sum([1e16, 1.0, 1.0, -1e16].map(Some)), Some(2.0));
    }
}
