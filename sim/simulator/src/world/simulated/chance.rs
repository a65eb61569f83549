//! Random numbers: one seed, with a separate stream for each part of the world, so that an additional fault does not
//! change the traffic.

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution as _, Poisson, StandardNormal};

use crate::scenario::{Range, Unit, What};

/// The purpose of a stream of random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Numbers that are drawn from ranges when the world begins.
    Ranges,
    /// Which scrapes are missed, and the times of scrapes.
    Scrapes,
    /// Requests and how they end.
    Requests,
    /// Requests to the primary.
    PrimaryRequests,
    /// How requests are distributed over slices of time.
    Course,
    /// The start times of pods.
    Pods,
    /// Numbers of the autoscaler.
    Autoscaler,
    /// The bursts of errors of a version, by its index.
    Bursts(usize),
    /// The part of them that all versions have.
    CommonBursts,
    /// Whether a fault happens, each time it can.
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
            Self::CommonBursts => 8,
            Self::Bursts(version) => 1000 + version as u64,
        }
    }
}

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Chance(ChaCha8Rng);

/// Below this mean, counts are drawn with Knuth's method.
const FEW: f64 = 12.0;

impl Chance {
    pub(crate) fn of(seed: u64, part: Stream) -> Self {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(part.stream());
        Self(stream)
    }

    /// Uniform from 0 (included) to 1 (excluded).
    pub(crate) fn place(&mut self) -> f64 {
        self.0.random()
    }

    /// Any number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// From the standard normal distribution.
    pub(crate) fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// True with this probability.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && (probability >= 1.0 || self.place() < probability)
    }

    /// Uniform from a range. A number is also drawn for an exact value, so that later numbers do not depend on it.
    pub(crate) fn draw<U: Unit>(&mut self, range: Range<U>) -> f64 {
        let place = self.place();
        range.at(place)
    }

    /// A count with this mean.
    pub(crate) fn poisson(&mut self, mean: f64) -> u64 {
        // The mean is larger than any number of requests, or invalid: no requests.
        if mean <= 0.0 {
            return 0;
        }
        if mean < FEW {
            return self.few(mean);
        }
        Poisson::new(mean).map_or(0, |poisson| poisson.sample(&mut self.0) as u64)
    }

    /// Knuth's method, with the same numbers as [`Poisson`] for such a mean; rare counts usually need no exponential.
    fn few(&mut self, mean: f64) -> u64 {
        let mut product = self.place();
        // `1 - mean` is never above the exponential.
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

    /// The number of `n` events that happen, each with this probability.
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
    fn streams_of_a_seed_are_independent() {
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
    fn counts_are_within_their_limits() {
        let mut chance = Chance::of(1, Stream::Requests);
        assert_eq!((chance.poisson(0.0), chance.binomial(0, 0.5), chance.binomial(9, 1.0)), (0, 0, 9));
        let drawn: u64 = (0..10_000).map(|_| chance.poisson(3.0)).sum();
        assert!((28_000..32_000).contains(&drawn), "{drawn}");
        assert!((0..1000).all(|_| chance.binomial(10, 0.3) <= 10));
    }
}
