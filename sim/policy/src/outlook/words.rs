//! An answer as one sentence.

use std::fmt;

use serin_core::time::Human;

use super::{Answer, Figures, Reach, TOO_OFTEN};

impl Answer {
    /// Whose requests are judged; `None` if they are the users'.
    #[must_use]
    pub fn judged(&self) -> Option<String> {
        self.reach.judged()
    }

    /// How often it has the more likely outcome, and how soon.
    #[must_use]
    pub fn verdict(&self) -> String {
        Verdict(&self.figures, self.kind()).to_string()
    }

    /// What makes the wrong verdict rarer; `None` if nothing does, or nothing is needed.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let remedies = self.remedies.iter();
        let remedies = remedies.map(|remedy| format!("{} ({})", remedy.change, OfHundred(remedy.wrong)));
        let remedies: Vec<String> = remedies.collect();
        if self.reach == Reach::Nobody {
            return Some(
                "a hook that continuously sends requests to the canary's service, such as a command line of `hey`"
                    .into(),
            );
        }
        (!remedies.is_empty()).then(|| remedies.join(" or "))
    }

    fn kind(&self) -> &'static str {
        match (&self.reach, self.figures.is_good()) {
            (Reach::Nobody, _) => "any",
            (_, true) => "a healthy",
            (_, false) => "a bad",
        }
    }
}

impl Reach {
    /// Whose requests are judged; `None` if they are the users'.
    pub(super) fn judged(&self) -> Option<String> {
        match self {
            Self::Users | Self::Matched => None,
            Self::LoadTest(load) => Some(format!(
                "no user reaches the canary before the promotion; the {} requests per second that `{}` sends are \
                 judged",
                load.rps, load.hook
            )),
            Self::Nobody => {
                Some("none reach the canary before the promotion, unless a load test sends some".into())
            }
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.verdict())?;
        if let Some(judged) = self.judged() {
            write!(f, "; requests: {judged}")?;
        }
        if let Some(help) = self.help() {
            write!(f, "; {help}")?;
        }
        if !self.left_out.is_empty() {
            write!(f, "; not counting {}", self.left_out.join(", "))?;
        }
        if !self.assumed.is_empty() {
            write!(f, "; assumed: {}", self.assumed.join(", "))?;
        }
        Ok(())
    }
}

/// How often a release of this kind has the outcome, and how soon.
struct Verdict<'a>(&'a Figures, &'static str);

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(figures, kind) = *self;
        let is_right = figures.wrong() <= TOO_OFTEN;
        let (verb, chance, half) = if figures.is_good() == is_right {
            ("promotes", figures.promoted(), figures.half_promoted())
        } else {
            ("rolls back", figures.rolled_back(), figures.half_rolled_back())
        };
        write!(f, "{verb} {kind} release in {} rollouts", OfHundred(chance))?;
        if let Some(half) = half.filter(|_| is_right) {
            write!(f, ", median time {}", Human(half))?;
        }
        if let Some((runs, wrong)) = figures.simulated() {
            // The interval of the printed verdict: the wrong or the right one.
            let (low, high) =
                if is_right { (1.0 - wrong.high, 1.0 - wrong.low) } else { (wrong.low, wrong.high) };
            write!(f, " (simulated, {runs} rollouts, 95 % interval {} to {})", Percent(low), Percent(high))?;
        }
        Ok(())
    }
}

/// A share with one decimal place.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} %", 100.0 * self.0)
    }
}

/// A share in words.
struct OfHundred(f64);

impl fmt::Display for OfHundred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(share) = *self;
        match share {
            _ if share >= 0.9999 => f.write_str("all"),
            _ if share > 0.99 => f.write_str("more than 99 of 100"),
            _ if share < 0.01 => f.write_str("fewer than 1 of 100"),
            _ => write!(f, "{:.0} of 100", 100.0 * share),
        }
    }
}
