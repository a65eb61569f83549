//! What goes wrong, and when: each kind of trouble draws from a stream of its own.

use std::time::Duration;

use super::chance::{Chance, Part};
use crate::scenario::{Range, Simulated, Trouble, What};

pub(crate) struct Weather {
    seed: u64,
    troubles: Vec<Drawn>,
}

struct Drawn {
    what: What,
    chance: f64,
    from: Duration,
    lasts: Duration,
    stream: Option<Chance>,
}

/// In a swarm each kind of trouble is there in one of two worlds.
const IN_A_SWARM: f64 = 0.5;

impl Weather {
    pub(super) fn draw(simulated: &Simulated, seed: u64, ranges: &mut Chance) -> Self {
        let mut troubles = Vec::new();
        for Trouble { what, chance, from, lasts } in &simulated.troubles {
            let (mut is_there, mut hard) = (true, ranges.draw(*chance));
            if simulated.swarm {
                is_there = ranges.happens(IN_A_SWARM);
                hard *= ranges.place();
            }
            if is_there {
                troubles.push(Drawn { what: *what, chance: hard, from: *from, lasts: *lasts, stream: None });
            }
        }
        Self { seed, troubles }
    }

    /// What goes wrong in this world, exactly.
    pub(crate) fn drawn(&self) -> Vec<Trouble> {
        let exact = |drawn: &Drawn| Trouble {
            what: drawn.what,
            chance: Range::exactly(drawn.chance),
            from: drawn.from,
            lasts: drawn.lasts,
        };
        self.troubles.iter().map(exact).collect()
    }

    /// Whether it goes wrong this time.
    pub(crate) fn strikes(&mut self, what: What, at: f64) -> bool {
        let seed = self.seed;
        self.troubles.iter_mut().filter(|trouble| trouble.what == what).any(|trouble| {
            let (from, to) = trouble.span();
            let is_time = (from..to).contains(&at);
            is_time
                && trouble
                    .stream
                    .get_or_insert_with(|| Chance::of(seed, Part::Trouble(what)))
                    .happens(trouble.chance)
        })
    }

    /// The chance of a trouble that is looked up rather than waited for, and when it lasts.
    pub(super) fn of(&self, what: What) -> Option<(f64, f64, f64)> {
        let found = self.troubles.iter().find(|trouble| trouble.what == what)?;
        let (from, to) = found.span();
        Some((found.chance, from, to))
    }
}

impl Drawn {
    /// When it begins and ends, in seconds.
    fn span(&self) -> (f64, f64) {
        let from = self.from.as_secs_f64();
        (from, from + self.lasts.as_secs_f64())
    }
}
