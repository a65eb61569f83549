//! Numbers as Kubernetes writes them: `1500m`, `2Ki`, `1e3`.

/// The number that a quantity stands for; `None` if it is none.
pub(super) fn quantity(text: &str) -> Option<f64> {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-');
    let (number, suffix) = text.split_at(text.find(|c| !is_number(c)).unwrap_or(text.len()));
    let number: f64 = number.parse().ok()?;
    let decimal = ["", "k", "M", "G", "T", "P", "E"].iter().position(|known| *known == suffix);
    let binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|known| *known == suffix);
    let small = ["", "m", "u", "n"].iter().position(|known| *known == suffix);
    let power = |base: f64, place: usize| i32::try_from(place).ok().map(|place| base.powi(place));
    let value = if let Some(place) = decimal {
        number * power(1000.0, place)?
    } else if let Some(place) = binary {
        number * power(1024.0, place)?
    } else if let Some(place) = small {
        number / power(1000.0, place)?
    } else if suffix.starts_with(['e', 'E']) {
        text.parse().ok()?
    } else {
        return None;
    };
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_a_number_with_a_suffix() {
        for (text, number) in [
            ("0", 0.0),
            ("-1.5", -1.5),
            ("97300m", 97.3),
            ("250u", 0.000_25),
            ("1n", 1e-9),
            ("2k", 2000.0),
            ("3E", 3e18),
            ("3Ki", 3072.0),
            ("1Mi", 1_048_576.0),
            ("1e3", 1000.0),
            ("1E-3", 0.001),
        ] {
            assert_eq!(quantity(text), Some(number), "{text}");
        }
        for text in ["", "m", "1kk", "1 k", "1.2.3", "NaN", "inf", "1e", "1e999", "0x1", "1K"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }
}
