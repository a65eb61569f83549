//! Random numbers: one seed, with a separate stream for each part of the world, so that an additional fault does not
//! change the traffic.

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution as _, Hypergeometric, StandardNormal};
use statrs::function::gamma::ln_gamma;

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
    /// The buckets of requests that are counted together.
    Buckets,
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
            Self::Buckets => 9,
            Self::Bursts(version) => 1000 + version as u64,
        }
    }
}

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Chance(ChaCha8Rng);

/// Below this mean, counts are drawn with Knuth's method.
const FEW: f64 = 12.0;
/// No number of requests is larger.
const MOST: f64 = 1e18;

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
        // Otherwise the mean is larger than any number of requests, or invalid: no requests.
        if !(0.0..MOST).contains(&mean) || mean == 0.0 {
            return 0;
        }
        if mean < FEW { self.few(mean) } else { self.many(mean) }
    }

    /// Transformed rejection with a squeeze (PTRS, Hörmann 1993): of ten counts, nine need no logarithm.
    fn many(&mut self, mean: f64) -> u64 {
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.024_83 * b;
        let within = 0.927_7 - 3.622_4 / (b - 2.0);
        loop {
            let (place, height) = (self.place() - 0.5, self.place());
            let edge = 0.5 - place.abs();
            let count = ((2.0 * a / edge + b) * place + mean + 0.43).floor();
            if edge >= 0.07 && height <= within {
                return count as u64;
            }
            if count < 0.0 || (edge < 0.013 && height > edge) {
                continue;
            }
            let scale = 1.123_9 + 1.132_8 / (b - 3.4);
            let tried = (height * scale / (a / (edge * edge) + b)).ln();
            if tried <= count * mean.ln() - mean - ln_gamma(count + 1.0) {
                return count as u64;
            }
        }
    }

    /// Knuth's method; rare counts usually need no exponential.
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

    /// Of `n` things, this many have a mark; how many of `drawn` ones have it.
    pub(crate) fn sample(&mut self, n: u64, marked: u64, drawn: u64) -> u64 {
        if marked == 0 || drawn == 0 {
            return 0;
        }
        if marked == n {
            return drawn;
        }
        if drawn == n {
            return marked;
        }
        Hypergeometric::new(n, marked, drawn).map_or(0, |sample| sample.sample(&mut self.0))
    }
}

#[cfg(test)]
mod tests {
    use rand_distr::Poisson;
    use statrs::distribution::DiscreteCDF as _;

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
    fn frequent_counts_have_the_chances_of_their_distribution() {
        const DRAWS: u64 = 200_000;
        for mean in [12.0, 47.3, 600.0, 90_000.0] {
            let mut chance = Chance::of(5, Stream::Requests);
            let counts: Vec<u64> = (0..DRAWS).map(|_| chance.poisson(mean)).collect();
            let library = statrs::distribution::Poisson::new(mean).unwrap();
            let spread = f64::sqrt(mean);
            for place in [-3.0, -2.0, -1.0, -0.3, 0.0, 0.3, 1.0, 2.0, 3.0] {
                let most = (mean + place * spread).floor() as u64;
                let seen = counts.iter().filter(|count| **count <= most).count() as f64 / DRAWS as f64;
                let wanted = library.cdf(most);
                let deviation = (wanted * (1.0 - wanted) / DRAWS as f64).sqrt();
                assert!((seen - wanted).abs() < 4.0 * deviation, "{mean}: {seen} {wanted} up to {most}");
            }
        }
    }

    #[test]
    fn a_sample_has_its_share_of_marks() {
        let mut chance = Chance::of(1, Stream::Buckets);
        assert_eq!((chance.sample(9, 9, 4), chance.sample(9, 3, 9), chance.sample(9, 0, 4)), (4, 3, 0));
        let marked: u64 = (0..10_000).map(|_| chance.sample(50, 20, 10)).sum();
        assert!((39_500..40_500).contains(&marked), "{marked}");
    }

    #[test]
    fn counts_are_within_their_limits() {
        let mut chance = Chance::of(1, Stream::Requests);
        assert_eq!([f64::NAN, f64::INFINITY, -1.0].map(|mean| chance.poisson(mean)), [0; 3]);
        assert_eq!((chance.poisson(0.0), chance.binomial(0, 0.5), chance.binomial(9, 1.0)), (0, 0, 9));
        let drawn: u64 = (0..10_000).map(|_| chance.poisson(3.0)).sum();
        assert!((28_000..32_000).contains(&drawn), "{drawn}");
        assert!((0..1000).all(|_| chance.binomial(10, 0.3) <= 10));
    }
}
