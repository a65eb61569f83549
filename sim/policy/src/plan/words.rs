//! A plan in words.

use super::{Divides, Moves};

/// The maximum number of weights that are listed.
const MOST_WEIGHTS: usize = 12;

impl Moves {
    /// In words; `divides` says whose requests are moved.
    #[must_use]
    pub fn words(&self, divides: Divides) -> String {
        let whose = match divides {
            Divides::All | Divides::Nothing => "users",
            Divides::Matched => "matched requests",
        };
        match self {
            Self::Mirror { weight } => format!("{weight} % of the requests are mirrored"),
            Self::Weights { weights } => {
                let shown: Vec<String> = match weights.as_slice() {
                    [first, second, .., last] if weights.len() > MOST_WEIGHTS => {
                        vec![first.to_string(), second.to_string(), "...".into(), last.to_string()]
                    }
                    all => all.iter().map(ToString::to_string).collect(),
                };
                format!("{} % of the {whose}, step by step", shown.join(" "))
            }
            Self::Iterations { count, mirror: [0, _] } => {
                let meanwhile = match divides {
                    Divides::All => "",
                    Divides::Matched => ", all matched requests go to the canary",
                    Divides::Nothing => ", no user is sent to the canary",
                };
                format!("{}{meanwhile}", iterations(*count))
            }
            Self::Iterations { count, mirror: [first, last] } if first == last => {
                format!("{}, {first} % of the requests mirrored", iterations(*count))
            }
            Self::Iterations { count, mirror: [first, last] } => {
                format!("{}, {first} to {last} % of the requests mirrored", iterations(*count))
            }
            Self::Switch => match divides {
                Divides::All | Divides::Matched => "all users go to the canary, for one more check".into(),
                Divides::Nothing => "one more check, no user is sent to the canary".into(),
            },
            Self::Soak { count } => format!("{} more at this weight", checks(*count)),
        }
    }
}

/// A number of checks in words.
#[must_use]
pub fn checks(number: u32) -> String {
    if number == 1 { "1 check".into() } else { format!("{number} checks") }
}

fn iterations(count: u32) -> String {
    if count == 1 { "1 iteration".into() } else { format!("{count} iterations") }
}
