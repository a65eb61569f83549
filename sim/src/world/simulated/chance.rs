//! Random numbers: one seed, and a stream of its own for each part of the world, so that a fault that is added does not
//! move the traffic.

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution as _, Poisson};

use crate::scenario::{Range, Unit, What};

/// What a stream of random numbers is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Numbers drawn from ranges when the world begins.
    Ranges,
    /// Which scrapes are missed, and when they are made.
    Scrapes,
    /// Requests and how they end.
    Requests,
    /// Requests to the primary.
    PrimaryRequests,
    /// How requests are shared out among slices of time.
    Course,
    /// How long pods take.
    Pods,
    /// Numbers of the autoscaler.
    Autoscaler,
    /// Whether this happens, each time it could.
    Trouble(What),
}

impl Stream {
    fn stream(self) -> u64 {
        match self {
            Self::Ranges => 1,
            Self::Scrapes => 2,
            Self::Requests => 3,
            Self::PrimaryRequests => 4,
            Self::Pods => 5,
            Self::Course => 6,
            Self::Autoscaler => 7,
            Self::Trouble(what) => 100 + what as u64,
        }
    }
}

/// One stream of random numbers.
#[derive(Clone)]
pub(crate) struct Chance(ChaCha8Rng);

/// Below this mean counts are drawn by Knuth's method.
const FEW: f64 = 12.0;

impl Chance {
    pub(crate) fn of(seed: u64, part: Stream) -> Self {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(part.stream());
        Self(stream)
    }

    /// Evenly from 0 (included) to 1 (not included).
    pub(crate) fn place(&mut self) -> f64 {
        self.0.random()
    }

    /// Any number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// True with this probability.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && (probability >= 1.0 || self.place() < probability)
    }

    /// Evenly from a range. An exact number is drawn as well, so that what follows does not depend on it.
    pub(crate) fn draw<U: Unit>(&mut self, range: Range<U>) -> f64 {
        let place = self.place();
        range.at(place)
    }

    /// How often something happens that happens so often on average.
    pub(crate) fn poisson(&mut self, mean: f64) -> u64 {
        // Beyond any number of requests that can come, and where the distribution is not defined, there is none.
        if mean <= 0.0 {
            return 0;
        }
        if mean < FEW {
            return self.few(mean);
        }
        Poisson::new(mean).map_or(0, |poisson| poisson.sample(&mut self.0) as u64)
    }

    /// Knuth's method, with the very numbers that [`Poisson`] gives for such a mean; of what is rare most draws need no
    /// exponential.
    fn few(&mut self, mean: f64) -> u64 {
        let mut product = self.place();
        // `1 - mean` is never above it.
        if product <= 1.0 - mean {
            return 0;
        }
        let none = (-mean).exp();
        let mut count = 0;
        while product > none {
            product *= self.place();
            count += 1;
        }
        count
    }

    /// How many of `n` happen that each happen with this probability.
    pub(crate) fn binomial(&mut self, n: u64, probability: f64) -> u64 {
        if n == 0 || probability <= 0.0 {
            return 0;
        }
        if probability >= 1.0 {
            return n;
        }
        Binomial::new(n, probability).map_or(0, |binomial| binomial.sample(&mut self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_a_seed_do_not_touch_each_other() {
        let draw = |part| Chance::of(7, part).number();
        assert_eq!(draw(Stream::Requests), draw(Stream::Requests));
        assert_ne!(draw(Stream::Requests), draw(Stream::Pods));
        assert_ne!(draw(Stream::Trouble(What::Crash)), draw(Stream::Trouble(What::StaleRead)));
    }

    #[test]
    fn rare_counts_are_those_of_the_library() {
        let (mut chance, mut library) = (Chance::of(3, Stream::Requests), Chance::of(3, Stream::Requests));
        for step in 0..50_000 {
            let mean = [1e-12, 1e-5, 0.01, 0.4, 1.0, 3.0, 11.9][step % 7];
            let wanted = Poisson::new(mean).unwrap().sample(&mut library.0) as u64;
            assert_eq!(chance.poisson(mean), wanted, "{mean}");
        }
        assert_eq!(chance.number(), library.number());
    }

    #[test]
    fn counts_lie_where_they_must() {
        let mut chance = Chance::of(1, Stream::Requests);
        assert_eq!((chance.poisson(0.0), chance.binomial(0, 0.5), chance.binomial(9, 1.0)), (0, 0, 9));
        let drawn: u64 = (0..10_000).map(|_| chance.poisson(3.0)).sum();
        assert!((28_000..32_000).contains(&drawn), "{drawn}");
        assert!((0..1000).all(|_| chance.binomial(10, 0.3) <= 10));
    }
}
