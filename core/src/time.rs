//! Moments and spans. Time is always an argument: nothing here reads a clock.

use alloc::{format, string::String};
use core::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment, in whole milliseconds since the Unix epoch. Written as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// The end of the year 9999, the last moment RFC 3339 can write.
const LAST_MILLIS: u64 = 253_402_207_200_000;

impl Timestamp {
    /// The moment `millis` after the epoch; a moment after the year 9999 becomes the end of that year.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(if millis < LAST_MILLIS { millis } else { LAST_MILLIS })
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it is in the future, because clocks may be set back.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The whole second of this moment: Flagger's own status fields contain whole seconds.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self(self.0 - self.0 % 1000)
    }
}

impl core::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(millis(span)))
    }
}

impl core::ops::Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = i64::try_from(self.0).map_err(|_| fmt::Error)?;
        let moment = jiff::Timestamp::from_millisecond(millis).map_err(|_| fmt::Error)?;
        fmt::Display::fmt(&moment, f)
    }
}

/// A text that is not an RFC 3339 moment after 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotATime(String);

impl fmt::Display for NotATime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an RFC 3339 time such as 2026-01-31T12:00:00Z", self.0)
    }
}

impl core::error::Error for NotATime {}

impl FromStr for Timestamp {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| NotATime(text.into()))?;
        u64::try_from(moment.as_millisecond()).map(Self::from_millis).map_err(|_| NotATime(text.into()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A text that is not a duration, and an example of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotADuration(String);

impl fmt::Display for NotADuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_number =
            !self.0.is_empty() && self.0.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let wrong = if is_number { "has no unit; it needs one, as in" } else { "is not a duration such as" };
        write!(f, "`{}` {wrong} 30s, 1m30s or 2h", self.0)
    }
}

impl core::error::Error for NotADuration {}

/// Parses a duration as Go and Kubernetes write it (`90s`, `1m30s`, `1.5h`, `500ms`), and days (`7d`).
///
/// # Errors
/// Anything else, a negative duration, and one of more than a hundred years.
pub fn parse_duration(text: &str) -> Result<Duration, NotADuration> {
    const LONGEST_MILLIS: f64 = 100.0 * 365.25 * 86_400_000.0;
    let refuse = || NotADuration(text.into());
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(refuse());
    }
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(refuse)?;
        let number: f64 = rest[..end].parse().map_err(|_| refuse())?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        total += number * unit_millis(&rest[..end]).ok_or_else(refuse)?;
        rest = &rest[end..];
    }
    // `!(a <= b)` also refuses a number too large for an f64.
    if !(0.0..=LONGEST_MILLIS).contains(&total) {
        return Err(refuse());
    }
    // In range, checked above; fractions of a millisecond are cut off.
    Ok(Duration::from_millis(total as u64))
}

fn unit_millis(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    })
}

/// Shows a span as in a manifest: `0s`, `500ms`, `1m30s`, `2h`, `1d6h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Human(pub Duration);

impl fmt::Display for Human {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = millis(self.0);
        if left == 0 {
            return f.pad("0s");
        }
        let mut text = String::new();
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
            if left >= size {
                text.push_str(&format!("{}{unit}", left / size));
                left %= size;
            }
        }
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn durations_are_read_as_they_are_shown() {
        for text in ["0s", "500ms", "30s", "1m30s", "2h", "1d6h", "7d"] {
            assert_eq!(Human(parse_duration(text).unwrap()).to_string(), text);
        }
        assert_eq!(parse_duration("1.5h"), parse_duration("90m"));
        assert_eq!(parse_duration("168h"), parse_duration("7d"));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "5", "s", "-1m", "1x", "1m 30s", "1..5s", "99999999999999999999h", "1e3s", "NaNs"] {
            assert!(parse_duration(text).is_err(), "{text} was read");
        }
    }

    #[test]
    fn moments_are_read_as_they_are_shown() {
        let moment = Timestamp::from_millis(1_767_225_600_120);
        assert_eq!(moment.to_string(), "2026-01-01T00:00:00.12Z");
        assert_eq!(moment.to_string().parse(), Ok(moment));
        assert_eq!(moment.whole_second().to_string(), "2026-01-01T00:00:00Z");
        assert!("1969-12-31T00:00:00Z".parse::<Timestamp>().is_err());
    }

    #[test]
    fn time_never_overflows() {
        let last = Timestamp::from_millis(u64::MAX);
        assert_eq!(last + Duration::MAX, last);
        assert_eq!(last.to_string().parse(), Ok(last));
        assert_eq!(Timestamp::default() - Duration::MAX, Timestamp::default());
        assert_eq!(Timestamp::default().since(last), Duration::ZERO);
    }
}
