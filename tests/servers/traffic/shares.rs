//! Releases with a count of the users.

use std::collections::BTreeSet;

use crate::{
    chance::likely,
    load::{Course, Load, Request, Span},
    release::Release,
    simulated,
    world::in_world,
};

const GOOD: &str = include_str!("good.yaml");
const BAD: &str = include_str!("bad.yaml");

/// The workload with the new version.
const CANARY: &str = "web";

/// How much longer than simulated the canary can get requests: the gateway takes up to two seconds more on the way back
/// than on the way there, of twenty, and a busy machine takes some time.
const SLACK: f64 = 1.25;

/// Fewer requests than this say too little about a weight.
const ENOUGH: u64 = 300;

#[test]
fn cluster_a_good_release_shifts_requests_by_its_weights_and_none_fails() {
    in_world(async |client| {
        let release = Release::prepare(client, GOOD).await;
        let course = released(&release, 0, "Succeeded").await;
        assert_eq!(weights(&course), [0, 10, 40, 70, 0]);
        assert_eq!(failures(&course.requests), [""; 0]);
        let shares: Vec<Share> = course.spans[1..4].iter().map(|span| share(&course, *span)).collect();
        tell(&format!("a good release, {} requests, none failed: {shares:#?}", course.requests.len()));
        assert!(shares.iter().all(Share::follows_weight), "{shares:#?}");
        // Before it no user gets the new version, afterwards all users do.
        assert_eq!(versions(&course, course.spans[0]), BTreeSet::from(["v1"]));
        assert_eq!(versions(&course, course.spans[4]), BTreeSet::from(["v2"]));
    });
}

#[test]
fn cluster_a_bad_release_is_rolled_back_and_fails_no_more_users_than_simulated() {
    in_world(async |client| {
        let release = Release::prepare(client, BAD).await;
        let course = released(&release, 5, "Failed").await;
        assert_eq!(weights(&course), [0, 20, 0]);
        let (own, others): (Vec<Request>, Vec<Request>) =
            course.requests.iter().filter(|request| request.failed.is_some()).cloned().partition(is_own);
        assert_eq!(failures(&others), [""; 0]);
        let step = share(&course, course.spans[1]);
        let simulated = simulated::failed(BAD, course.rps());
        tell(&format!(
            "a bad release, {} requests, {} failed, {simulated:?} in simulated worlds: {step:#?}",
            course.requests.len(),
            own.len(),
        ));
        assert!(step.follows_weight(), "{step:?}");
        assert!(own.len() as f64 <= SLACK * *simulated.end() as f64, "{} failed", own.len());
        // All users are back on the previous version.
        assert_eq!(versions(&course, course.spans[2]), BTreeSet::from(["v1"]));
    });
}

/// Releases version `v2` while users send requests, until the release has ended and its pods are gone.
async fn released(release: &Release, fails_one_in: u64, phase: &str) -> Course {
    let load = Load::start(&release.host, &release.namespace, &format!("{}-canary", release.name));
    release.deploy("v2", fails_one_in).await;
    release.until_phase(phase).await;
    release.until_scaled_down().await;
    load.end()
}

fn weights(course: &Course) -> Vec<u64> {
    course.spans.iter().map(|span| span.weight).collect()
}

fn failures(requests: &[Request]) -> Vec<String> {
    requests.iter().filter_map(|request| request.failed.clone()).collect()
}

/// The canary itself reports that it failed: the gateway reached it, and did not cut it off.
fn is_own(request: &Request) -> bool {
    request.workload == CANARY
}

/// The versions that users got in a span.
fn versions(course: &Course, span: Span) -> BTreeSet<&str> {
    course.within(span).map(|request| &*request.version).collect()
}

/// The requests of a span.
#[derive(Debug)]
#[expect(dead_code, reason = "it is printed")]
struct Share {
    weight: u64,
    requests: u64,
    canary: u64,
    percent: f64,
}

fn share(course: &Course, span: Span) -> Share {
    let (mut requests, mut canary) = (0, 0);
    for request in course.within(span) {
        requests += 1;
        canary += u64::from(request.workload == CANARY);
    }
    Share { weight: span.weight, requests, canary, percent: 100.0 * canary as f64 / requests as f64 }
}

impl Share {
    fn follows_weight(&self) -> bool {
        let likely = likely(self.requests, self.weight as f64 / 100.0);
        self.requests >= ENOUGH && likely.contains(&self.canary)
    }
}

/// Prints the figures.
#[expect(clippy::print_stdout, reason = "captured, unless run with --nocapture")]
fn tell(what: &str) {
    println!("{what}");
}
