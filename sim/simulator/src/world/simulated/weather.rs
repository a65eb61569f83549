//! Faults and their times: each kind of fault has its own stream of random numbers.

use std::time::Duration;

use super::chance::{Chance, Stream};
use crate::scenario::{Range, Seconds, Simulated, Trouble, What};

#[derive(Clone)]
pub(crate) struct Weather {
    seed: u64,
    troubles: Vec<Drawn>,
}

#[derive(Clone)]
struct Drawn {
    what: What,
    chance: f64,
    by: Range<Seconds>,
    from: Duration,
    lasts: Duration,
    stream: Option<Chance>,
}

/// A fault, and its size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strike {
    /// The delay or the distance.
    pub(crate) by: Duration,
    /// A number from 0 (included) to 1 (excluded), to choose one of several variants.
    pub(crate) place: f64,
}

/// In a swarm each kind of fault is present in every second world.
const IN_A_SWARM: f64 = 0.5;

impl Weather {
    pub(super) fn draw(simulated: &Simulated, seed: u64, ranges: &mut Chance) -> Self {
        let mut troubles = Vec::new();
        for Trouble { what, chance, by, from, lasts } in &simulated.troubles {
            let (mut is_there, mut hard) = (true, ranges.draw(*chance));
            if simulated.swarm {
                is_there = ranges.happens(IN_A_SWARM);
                hard *= ranges.place();
            }
            if is_there {
                let (what, by, from, lasts) = (*what, *by, *from, *lasts);
                troubles.push(Drawn { what, chance: hard, by, from, lasts, stream: None });
            }
        }
        Self { seed, troubles }
    }

    /// The faults of this world.
    pub(crate) fn drawn(&self) -> Vec<Trouble> {
        let exact = |drawn: &Drawn| Trouble {
            what: drawn.what,
            chance: Range::exactly(drawn.chance),
            by: drawn.by,
            from: drawn.from,
            lasts: drawn.lasts,
        };
        self.troubles.iter().map(exact).collect()
    }

    /// Whether it happens this time.
    pub(crate) fn strikes(&mut self, what: What, at: Duration) -> bool {
        self.struck(what, at).is_some()
    }

    /// Whether it happens this time, and its size.
    pub(crate) fn strike(&mut self, what: What, at: Duration) -> Option<Strike> {
        let trouble = self.struck(what, at)?;
        let by = trouble.by;
        let chance = trouble.stream.as_mut()?;
        let by = Duration::from_millis((chance.draw(by) * 1000.0).round() as u64);
        Some(Strike { by, place: chance.place() })
    }

    fn struck(&mut self, what: What, at: Duration) -> Option<&mut Drawn> {
        let seed = self.seed;
        self.troubles.iter_mut().filter(|trouble| trouble.what == what).find_map(|trouble| {
            let (from, to) = trouble.span();
            let stream = trouble.stream.get_or_insert_with(|| Chance::of(seed, Stream::Trouble(what)));
            ((from..to).contains(&at.as_secs_f64()) && stream.happens(trouble.chance)).then_some(trouble)
        })
    }

    /// The chance of a fault that applies to a time span, and the span.
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
