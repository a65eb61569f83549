//! An answer as one sentence.

use std::fmt;

use serin_core::time::Human;

use super::{Answer, Figures, Reach, TOO_OFTEN};

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reach {
            Reach::Users | Reach::Matched => {}
            Reach::LoadTest(load) => {
                write!(f, "no user reaches the canary before the promotion; with the {} requests a second that ", load.rps)?;
                write!(f, "the line of `{}` sends, it ", load.hook)?;
            }
            Reach::Nobody => f.write_str("no request reaches the canary, unless a load test sends it some: ")?,
        }
        verdict(&self.figures, self.kind(), f)?;
        for (place, remedy) in self.remedies.iter().enumerate() {
            let lead = if place == 0 { "; " } else { " or " };
            write!(f, "{lead}{} ({})", remedy.change, OfHundred(remedy.wrong))?;
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

impl Answer {
    fn kind(&self) -> &'static str {
        match (&self.reach, self.figures.is_good()) {
            (Reach::Nobody, _) => "any",
            (_, true) => "a healthy",
            (_, false) => "a bad",
        }
    }
}

/// How often it ends how, and how soon.
fn verdict(figures: &Figures, kind: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let is_right = figures.wrong() <= TOO_OFTEN;
    let (verb, chance, half) = if figures.is_good() == is_right {
        ("promotes", figures.promoted(), figures.half_promoted())
    } else {
        ("rolls back", figures.rolled_back(), figures.half_rolled_back())
    };
    write!(f, "{verb} {kind} release in {} rollouts", OfHundred(chance))?;
    if let Some(half) = half.filter(|_| is_right) {
        write!(f, ", half of them within {}", Human(half))?;
    }
    if let Some((runs, wrong)) = figures.simulated() {
        // The interval of what is said: the wrong verdict or the right one.
        let (low, high) = if is_right { (1.0 - wrong.high, 1.0 - wrong.low) } else { (wrong.low, wrong.high) };
        write!(f, " (simulated, {runs} rollouts, 95 % interval {} to {})", Percent(low), Percent(high))?;
    }
    Ok(())
}

/// A share with one decimal place.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} %", 100.0 * self.0)
    }
}

/// A share as people say it.
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
