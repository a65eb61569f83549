//! What is counted of requests: bounded, however many there are.

use std::{collections::BTreeMap, time::Duration};

/// Latencies that are kept for the histogram and the percentiles, as hey does.
const MOST_KEPT: usize = 1_000_000;
/// Different errors that are counted apart.
const MOST_ERRORS: usize = 50;
/// What the rest of them are counted as.
const OTHER_ERRORS: &str = "other errors";

/// Requests that were sent, and what became of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Count {
    /// Latencies that are kept at most.
    room: usize,
    /// From the first request to the last answer.
    pub(super) total: Duration,
    /// Answers.
    pub(super) answers: u64,
    /// Seconds from the request to the end of its answer; of the first answers.
    pub(super) latencies: Vec<f64>,
    /// The whole of them.
    pub(super) whole: Span,
    /// From the request to the head of its answer.
    pub(super) wait: Span,
    /// From the head of the answer to its end.
    pub(super) read: Span,
    /// Bytes in the bodies of answers.
    pub(super) bytes: u64,
    /// Answers by status code.
    pub(super) statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by the reason.
    pub(super) errors: BTreeMap<String, u64>,
}

/// Seconds that something took, over many times.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Span {
    pub(super) sum: f64,
    pub(super) least: Option<f64>,
    pub(super) most: f64,
}

/// One answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) wait: Duration,
    pub(super) read: Duration,
    pub(super) bytes: u64,
}

impl Default for Count {
    fn default() -> Self {
        Self {
            room: MOST_KEPT,
            total: Duration::ZERO,
            answers: 0,
            latencies: Vec::new(),
            whole: Span::default(),
            wait: Span::default(),
            read: Span::default(),
            bytes: 0,
            statuses: BTreeMap::new(),
            errors: BTreeMap::new(),
        }
    }
}

impl Count {
    /// Nothing yet, for one worker of this many: together they keep no more than one would.
    pub(super) fn of_one(workers: u32) -> Self {
        Self { room: MOST_KEPT.div_ceil(workers.max(1) as usize), ..Self::default() }
    }

    /// Counts an answer, or why there was none.
    pub(super) fn add(&mut self, answer: Result<Answer, String>) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.add_errors(error, 1),
        };
        let whole = (answer.wait + answer.read).as_secs_f64();
        self.answers += 1;
        self.bytes += answer.bytes;
        *self.statuses.entry(answer.status).or_default() += 1;
        self.whole.add(whole);
        self.wait.add(answer.wait.as_secs_f64());
        self.read.add(answer.read.as_secs_f64());
        if self.latencies.len() < self.room {
            self.latencies.push(whole);
        }
    }

    /// Adds what another worker counted.
    pub(super) fn merge(&mut self, other: Self) {
        self.answers += other.answers;
        self.bytes += other.bytes;
        self.whole.merge(other.whole);
        self.wait.merge(other.wait);
        self.read.merge(other.read);
        let room = self.room.saturating_sub(self.latencies.len());
        self.latencies.extend(other.latencies.into_iter().take(room));
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        for (error, count) in other.errors {
            self.add_errors(error, count);
        }
    }

    /// Requests that were sent.
    pub(super) fn requests(&self) -> u64 {
        self.answers + self.errors.values().sum::<u64>()
    }

    fn add_errors(&mut self, error: String, count: u64) {
        let is_apart = self.errors.len() < MOST_ERRORS || self.errors.contains_key(&error);
        *self.errors.entry(if is_apart { error } else { OTHER_ERRORS.into() }).or_default() += count;
    }
}

impl Span {
    fn add(&mut self, seconds: f64) {
        self.merge(Self { sum: seconds, least: Some(seconds), most: seconds });
    }

    fn merge(&mut self, other: Self) {
        self.sum += other.sum;
        self.least = match (self.least, other.least) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.most = self.most.max(other.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, wait: u64) -> Result<Answer, String> {
        Ok(Answer { status, wait: Duration::from_millis(wait), read: Duration::from_millis(1), bytes: 10 })
    }

    #[test]
    fn workers_count_together_what_one_would_have_counted() {
        let all =
            [answer(200, 1), answer(500, 3), Err("refused".into()), answer(200, 7), Err("refused".into())];
        let mut whole = Count::default();
        all.iter().cloned().for_each(|answer| whole.add(answer));
        let mut parts = Count::default();
        for part in all.chunks(2) {
            let mut count = Count::default();
            part.iter().cloned().for_each(|answer| count.add(answer));
            parts.merge(count);
        }
        assert_eq!(parts, whole);
        assert_eq!((whole.requests(), whole.answers, whole.bytes), (5, 3, 30));
        assert_eq!(whole.statuses, BTreeMap::from([(200, 2), (500, 1)]));
        assert_eq!(whole.errors, BTreeMap::from([("refused".to_owned(), 2)]));
        assert_eq!((whole.wait.least, whole.wait.most), (Some(0.001), 0.007));
    }

    #[test]
    fn errors_that_are_all_different_are_counted_within_bounds() {
        let mut count = Count::default();
        (0..1000).for_each(|number| count.add(Err(number.to_string())));
        assert_eq!((count.errors.len(), count.requests()), (MOST_ERRORS + 1, 1000));
    }
}
