//! The load of one copy over time: segments in which its share, its version and its readiness are constant.

use super::{behaviour::Behaviour, flow::Flow};

/// A segment: a time span in which a copy does not change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Segment {
    /// When it begins, in seconds since the beginning of the story; it ends at the beginning of the next one.
    pub(super) from: f64,
    /// The share of all requests of users that goes to it.
    pub(super) users: f64,
    /// The share of all requests that is mirrored to it.
    pub(super) mirrored: f64,
    /// Its version, as an index.
    pub(super) version: usize,
    /// When its pods started.
    pub(super) started: f64,
    /// Whether there is a ready pod.
    pub(super) serves: bool,
    /// Requests per second that its pods can serve. Requests above that fail at once, and the others take longer.
    pub(super) capacity: f64,
}

/// What determines how many requests reach a copy and how they end.
pub(super) struct Surroundings<'a> {
    pub(super) flow: &'a Flow,
    pub(super) versions: &'a [Behaviour],
}

/// The requests of a load test, which do not depend on the routes. They reach a copy only while it serves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Test {
    /// When it begins, in seconds since the beginning of the story.
    pub(super) from: f64,
    /// When it ends.
    pub(super) to: f64,
    /// Requests per second.
    pub(super) rps: f64,
}

/// The segments of a copy, in order, and the load tests that send requests to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    segments: Vec<Segment>,
    tests: Vec<Test>,
}

/// If the behaviour depends on a changing load, it is evaluated in slices of this many seconds.
const SLICE: f64 = 5.0;

impl Load {
    /// Forgets all segments and load tests.
    pub(super) fn clear(&mut self) {
        self.segments.clear();
        self.tests.clear();
    }

    /// Sets the state from then on, if it differs.
    pub(super) fn note(&mut self, segment: Segment) {
        let is_same = |last: &Segment| Segment { from: segment.from, ..*last } == segment;
        if self.segments.last().is_some_and(is_same) {
            return;
        }
        // Later segments are removed.
        while self.segments.last().is_some_and(|last| last.from >= segment.from) {
            self.segments.pop();
        }
        self.segments.push(segment);
    }

    pub(super) fn last(&self) -> Option<&Segment> {
        self.segments.last()
    }

    /// The state at a time.
    pub(super) fn at(&self, at: f64) -> Option<&Segment> {
        let after = self.segments.partition_point(|segment| segment.from <= at);
        self.segments.get(after.saturating_sub(1))
    }

    /// From then on its pods can serve this many requests per second; a pending change of the routes keeps its time.
    pub(super) fn scale(&mut self, at: f64, capacity: f64) {
        let coming = self.segments.pop_if(|last| last.from > at);
        if let Some(now) = self.segments.last().copied() {
            self.note(Segment { from: at, capacity, ..now });
        }
        if let Some(coming) = coming {
            self.note(Segment { capacity, ..coming });
        }
    }

    /// Each segment with its end, limited to a time span.
    pub(super) fn within(&self, from: f64, to: f64) -> impl Iterator<Item = (f64, f64, &Segment)> {
        let first = self.segments.partition_point(|segment| segment.from <= from).saturating_sub(1);
        self.segments[first.min(self.segments.len())..].iter().enumerate().filter_map(move |(i, segment)| {
            let end = self.segments.get(first + i + 1).map_or(to, |next| next.from.min(to));
            let begin = segment.from.max(from);
            (begin < end).then_some((begin, end, segment))
        })
    }

    /// Adds the average number of requests of each kind in a time span: successful ones by cell, then failed ones by
    /// cell; with two kinds only successful and failed.
    pub(super) fn expected(&self, around: &Surroundings<'_>, from: f64, to: f64, cells: &mut [f64]) {
        for (from, to, segment) in self.within(from, to) {
            let share = segment.users + segment.mirrored;
            self.tested(segment, from, to, |from, to, test| {
                if share <= 0.0 && test <= 0.0 {
                    return;
                }
                slices(around, segment, from, to, &mut |from, to| {
                    let requests = around.flow.requests(from, to) * share + test * (to - from);
                    add(around, segment, (from, to), (test, requests), cells);
                });
            });
        }
    }

    /// A load test begins, whose end is known.
    pub(super) fn test(&mut self, test: Test) {
        self.tests.push(test);
    }

    /// Splits a span of a segment where load tests begin or end; `each` gets their requests per second.
    fn tested(&self, segment: &Segment, from: f64, to: f64, mut each: impl FnMut(f64, f64, f64)) {
        let mut begin = from;
        while begin < to && segment.serves && !self.tests.is_empty() {
            let edges = self.tests.iter().flat_map(|test| [test.from, test.to]).filter(|edge| *edge > begin);
            let end = edges.fold(to, f64::min);
            each(begin, end, self.tests_at(segment, begin));
            begin = end;
        }
        if begin < to {
            each(begin, to, 0.0);
        }
    }

    /// Requests per second of load tests.
    fn tests_at(&self, segment: &Segment, at: f64) -> f64 {
        let running = self.tests.iter().filter(|test| segment.serves && (test.from..test.to).contains(&at));
        running.map(|test| test.rps).sum()
    }

    /// All requests per second at a time in a segment; `None` if nothing sends any.
    pub(super) fn rate(&self, flow: &Flow, segment: &Segment, at: f64) -> Option<f64> {
        let (share, test) = (segment.users + segment.mirrored, self.tests_at(segment, at));
        (share > 0.0 || test > 0.0).then(|| flow.rate(at) * share + test)
    }

    /// The share of the requests in a span of a segment that are of users.
    pub(super) fn of_users(&self, flow: &Flow, segment: &Segment, (from, to): (f64, f64)) -> f64 {
        let share = segment.users + segment.mirrored;
        let mut tests = 0.0;
        self.tested(segment, from, to, |from, to, test| tests += test * (to - from));
        if tests <= 0.0 {
            return segment.users / share;
        }
        let requests = flow.requests(from, to);
        requests * segment.users / (requests * share + tests)
    }
}

/// A time span in which the rates of all kinds are constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Even {
    /// Its beginning, in seconds since the beginning of the story.
    pub from: f64,
    /// Its end.
    pub to: f64,
    /// The share of these requests that are of users; the others are copies.
    pub users: f64,
    /// Requests per second of each kind, as [`Load::expected`] orders them.
    pub rates: Box<[f64]>,
}

impl Load {
    /// The constant spans within a time span, without those that have no requests. For constant traffic.
    pub(super) fn even(&self, around: &Surroundings<'_>, from: f64, to: f64, kinds: usize) -> Vec<Even> {
        let mut found = Vec::new();
        for (from, to, segment) in self.within(from, to) {
            let share = segment.users + segment.mirrored;
            self.tested(segment, from, to, |from, to, test| {
                if share <= 0.0 && test <= 0.0 {
                    return;
                }
                let users = self.of_users(around.flow, segment, (from, to));
                slices(around, segment, from, to, &mut |from, to| {
                    let mut rates = vec![0.0; kinds];
                    add(
                        around,
                        segment,
                        (from, to),
                        (test, around.flow.rate(from) * share + test),
                        &mut rates,
                    );
                    found.push(Even { from, to, users, rates: rates.into() });
                });
            });
        }
        found
    }
}

/// Splits a span where the behaviour of a segment's version changes.
fn slices(around: &Surroundings<'_>, segment: &Segment, from: f64, to: f64, each: &mut dyn FnMut(f64, f64)) {
    let version = &around.versions[segment.version];
    let mut begin = from;
    let mut turns: [f64; 2] = version.turns().map(|age| segment.started + age.unwrap_or(f64::INFINITY));
    turns.sort_by(f64::total_cmp);
    let by_load = (version.depends_on_load() || segment.capacity.is_finite()) && !around.flow.is_constant();
    for end in turns.into_iter().map(|turn| turn.min(to)).chain([to]) {
        while begin < end {
            let next = if by_load { (begin + SLICE).min(end) } else { end };
            let next = next.min(version.varies_at(begin));
            each(begin, next);
            begin = next;
        }
    }
}

fn add(
    around: &Surroundings<'_>,
    segment: &Segment,
    (from, to): (f64, f64),
    (test, requests): (f64, f64),
    cells: &mut [f64],
) {
    let (succeeding, failing) = cells.split_at_mut(cells.len() / 2);
    if !segment.serves {
        // There is no ready pod: the proxy fails at once.
        failing[0] += requests;
        return;
    }
    let middle = f64::midpoint(from, to);
    let rate = around.flow.rate(middle) * (segment.users + segment.mirrored) + test;
    let version = &around.versions[segment.version];
    let regime = version.regime(middle - segment.started, rate);
    let (burst, outage) = (version.burst(middle), version.outage(middle));
    let (errors, shares) = regime.under(burst, outage, 1.0 - segment.capacity / rate);
    if let ([succeeding], [failing]) = (&mut *succeeding, &mut *failing) {
        *succeeding += requests * (1.0 - errors);
        *failing += requests * errors;
        return;
    }
    let shares = shares.by(succeeding.len());
    for ((succeeding, failing), share) in succeeding.iter_mut().zip(failing).zip(shares) {
        *succeeding += requests * share * (1.0 - errors);
        *failing += requests * share * errors;
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            behaviour::Outage,
            buckets::Buckets,
            chance::{Chance, Stream},
            shares::Shares,
        },
        *,
    };
    use crate::scenario::{Range, Version};

    fn segment(from: f64, users: f64) -> Segment {
        Segment {
            from,
            users,
            mirrored: 0.0,
            version: 0,
            started: 0.0,
            serves: true,
            capacity: f64::INFINITY,
        }
    }

    #[test]
    fn segments_are_cut_to_a_span() {
        let mut load = Load::default();
        load.note(segment(0.0, 0.0));
        load.note(segment(10.0, 0.2));
        load.note(segment(15.0, 0.2));
        load.note(segment(20.0, 0.4));
        let cut: Vec<(f64, f64)> = load.within(5.0, 25.0).map(|(from, to, _)| (from, to)).collect();
        assert_eq!(cut, [(5.0, 10.0), (10.0, 20.0), (20.0, 25.0)]);
        assert_eq!(load.within(30.0, 30.0).count(), 0);
        assert_eq!(Load::default().within(0.0, 1.0).count(), 0);
    }

    #[test]
    fn pods_change_at_once_and_routes_keep_their_delay() {
        let mut load = Load::default();
        load.note(segment(0.0, 0.0));
        load.note(segment(12.0, 0.5));
        load.scale(10.0, 30.0);
        let cut: Vec<_> =
            load.within(0.0, 20.0).map(|(from, to, of)| (from, to, of.users, of.capacity)).collect();
        let all = f64::INFINITY;
        assert_eq!(cut, [(0.0, 10.0, 0.0, all), (10.0, 12.0, 0.0, 30.0), (12.0, 20.0, 0.5, 30.0)]);
    }

    #[test]
    fn incidents_fail_a_share_of_all_requests() {
        let shares = Shares::by(Buckets::none(), None);
        let version = Version { errors: Range::exactly(0.1), ..Version::default() };
        let outages = [(10.0, 20.0, 0.5), (15.0, 30.0, 0.2)];
        let outages = outages.map(|(from, to, errors)| Outage { from, to, errors });
        let version = Behaviour::draw(&version, &shares, 1.0, &mut Chance::of(1, Stream::Ranges));
        let (flow, versions) = (Flow::Constant(10.0), [version.varying(None, &outages)]);
        let around = Surroundings { flow: &flow, versions: &versions };
        let mut load = Load::default();
        load.note(segment(0.0, 1.0));
        let failed = |from, to| {
            let mut cells = [0.0; 2];
            load.expected(&around, from, to, &mut cells);
            assert!((cells[0] + cells[1] - 10.0 * (to - from)).abs() < 1e-9);
            cells[1]
        };
        for (from, to, expected) in [
            (0.0, 10.0, 10.0),
            (10.0, 15.0, 27.5),
            (15.0, 20.0, 32.0),
            (20.0, 30.0, 28.0),
            (0.0, 40.0, 10.0 + 27.5 + 32.0 + 28.0 + 10.0),
        ] {
            assert!((failed(from, to) - expected).abs() < 1e-9, "{from} to {to}: {}", failed(from, to));
        }
    }

    #[test]
    fn load_tests_reach_a_copy_that_serves() {
        let mut load = Load::default();
        load.note(segment(0.0, 0.0));
        load.note(segment(20.0, 0.5));
        load.note(Segment { serves: false, ..segment(30.0, 0.0) });
        load.test(Test { from: 10.0, to: 25.0, rps: 4.0 });
        load.test(Test { from: 22.0, to: f64::INFINITY, rps: 1.0 });
        let mut seen = Vec::new();
        for (from, to, segment) in load.within(5.0, 40.0) {
            load.tested(segment, from, to, |from, to, test| seen.push((from, to, test)));
        }
        let expected = [
            (5.0, 10.0, 0.0),
            (10.0, 20.0, 4.0),
            (20.0, 22.0, 4.0),
            (22.0, 25.0, 5.0),
            (25.0, 30.0, 1.0),
            (30.0, 40.0, 0.0),
        ];
        assert_eq!(seen, expected);
        let flow = Flow::Constant(10.0);
        let at = |at: f64| load.rate(&flow, load.at(at).unwrap(), at);
        assert_eq!([5.0, 12.0, 23.0, 35.0].map(at), [None, Some(4.0), Some(10.0), None]);
        assert_eq!(load.of_users(&flow, load.at(20.0).unwrap(), (20.0, 22.0)), 5.0 / 9.0);
    }

    #[test]
    fn later_segments_are_replaced() {
        let mut load = Load::default();
        load.note(segment(0.0, 0.0));
        load.note(segment(12.0, 0.5));
        load.note(segment(11.0, 0.0));
        assert_eq!(load.last().unwrap().from, 11.0);
    }
}
