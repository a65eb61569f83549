//! Every bound of a manifest and of a value, in pairs: exactly at it, and one step beyond.

use serde_json::json;
use serin_core::{
    Observation, State, Step,
    decision::{Measured, Verdict},
    message::{Message, NoticeId},
    question::{Answer, Asked, MetricResult, Question},
    request::{Order, RequestKind},
    spec::raw,
    state::{AnalysisRecord, Status},
    step,
    strategy::{Mirror, Steps},
    testing::{Did, START, Simulated, badly, well},
};

use crate::support::{manifest, parse, request, rollout};

/// The verdict on a metric's answer in the first check of a run.
fn judged(metric: &str, answer: &Answer) -> Measured {
    let mut world =
        Simulated::deployed(rollout(&format!("{{stepWeight: 50, threshold: 9, metrics: [{metric}]}}")));
    let mut hands = |question: &Question| match question.id.of {
        Asked::Metric(_) => answer.clone(),
        Asked::Hook(_) => well(question),
    };
    loop {
        match world.does(&mut hands) {
            Did::Decided(Some(plan)) if !plan.decision.measured.is_empty() => {
                return plan.decision.measured[0].clone();
            }
            Did::Slept(_) => world.sleeps(),
            Did::Decided(_) | Did::Asked(_) | Did::Applied(_) | Did::Saved | Did::Sent => {}
        }
    }
}

fn verdict(metric: &str, value: f64) -> Verdict {
    judged(metric, &Answer::value(value)).verdict
}

#[test]
fn a_value_passes_at_its_bound_and_fails_next_to_it() {
    let min = "{name: m, query: q, thresholdRange: {min: 99}}";
    assert_eq!(verdict(min, 99.0), Verdict::Passed);
    assert_eq!(verdict(min, 99.0_f64.next_down()), Verdict::Failed);

    let max = "{name: m, query: q, thresholdRange: {max: 0.5}}";
    assert_eq!(verdict(max, 0.5), Verdict::Passed);
    assert_eq!(verdict(max, 0.5_f64.next_up()), Verdict::Failed);

    let both = "{name: m, query: q, thresholdRange: {min: 10, max: 20}}";
    let verdicts = [10.0_f64.next_down(), 10.0, 20.0, 20.0_f64.next_up()].map(|value| verdict(both, value));
    assert_eq!(verdicts, [Verdict::Failed, Verdict::Passed, Verdict::Passed, Verdict::Failed]);
}

#[test]
fn infinity_fails_every_bound() {
    let both = "{name: m, query: q, thresholdRange: {min: 0, max: 1e300}}";
    assert_eq!(verdict(both, f64::NEG_INFINITY), Verdict::Failed);
    assert_eq!(verdict(both, f64::INFINITY), Verdict::Failed);
    assert_eq!(verdict("{name: m, query: q, thresholdRange: {min: 0}}", f64::INFINITY), Verdict::Passed);
    assert_eq!(verdict("{name: m, query: q}", f64::INFINITY), Verdict::Passed);
}

#[test]
fn nan_and_no_data_have_the_meaning_that_the_metric_sets() {
    for (lenient, expected) in
        [("", Verdict::Failed), ("fail", Verdict::Failed), ("hold", Verdict::Held), ("pass", Verdict::Waived)]
    {
        let metric = format!("{{name: m, query: q, thresholdRange: {{min: 1}}, onNoData: '{lenient}'}}");
        assert_eq!(judged(&metric, &Answer::no_data()).verdict, expected, "no data, onNoData: {lenient}");
        assert_eq!(verdict(&metric, f64::NAN), expected, "NaN, onNoData: {lenient}");
        assert_eq!(
            judged(&metric, &MetricResult::Value(f64::NAN).into()).verdict,
            expected,
            "a raw NaN, onNoData: {lenient}"
        );

        let metric = format!("{{name: m, query: q, thresholdRange: {{min: 1}}, onError: '{lenient}'}}");
        assert_eq!(
            judged(&metric, &MetricResult::Error("503".into()).into()).verdict,
            expected,
            "error, onError: {lenient}"
        );
        assert_eq!(
            judged(&metric, &Answer::no_data()).verdict,
            Verdict::Failed,
            "no data, onError: {lenient}"
        );
    }
}

#[test]
fn the_older_threshold_is_a_minimum_of_the_success_rate_and_a_maximum_of_anything_else() {
    let rate = "{name: request-success-rate, threshold: 99}";
    assert_eq!(verdict(rate, 99.0), Verdict::Passed);
    assert_eq!(verdict(rate, 99.0_f64.next_down()), Verdict::Failed);

    let own = "{name: error-rate, query: q, threshold: 5}";
    assert_eq!(verdict(own, 5.0), Verdict::Passed);
    assert_eq!(verdict(own, 5.0_f64.next_up()), Verdict::Failed);
}

#[test]
fn a_latency_is_compared_in_whole_milliseconds() {
    let max = "{name: request-duration, thresholdRange: {max: 500}}";
    assert_eq!(verdict(max, 500.999), Verdict::Passed);
    assert_eq!(verdict(max, 501.0), Verdict::Failed);
    assert_eq!(verdict("{name: request-duration, threshold: 500}", 500.999), Verdict::Passed);
    assert_eq!(verdict("{name: request-duration, threshold: 500}", 501.0), Verdict::Failed);

    let min = "{name: request-duration, thresholdRange: {min: 10.9}}";
    assert_eq!(verdict(min, 10.0), Verdict::Passed);
    assert_eq!(verdict(min, 9.999), Verdict::Failed);

    let own = "{name: latency, query: q, thresholdRange: {max: 500}}";
    assert_eq!(verdict(own, 500.001), Verdict::Failed);
}

/// Failed checks until the rollback, `F` a failed check and `.` a passed one; `None` if there was none.
fn failures_until_rollback(counting: &str, checks: &str) -> Option<usize> {
    let metric = "metrics: [{name: m, query: q, thresholdRange: {min: 1}}]";
    let mut world = Simulated::deployed(rollout(&format!("{{iterations: 50, {counting}, {metric}}}")));
    let (mut made, mut failed) = (0, 0);
    world.runs_until(
        &mut |question: &Question| {
            let fails = checks.as_bytes().get(made) == Some(&b'F');
            (made, failed) = (made + 1, failed + usize::from(fails));
            if fails { badly(question) } else { well(question) }
        },
        |state| state.runs == 1 && state.phase.is_idle(),
    );
    (world.rows.last().map(|(_, row)| row.phase) == Some(serin_core::Phase::Failed)).then_some(failed)
}

#[test]
fn the_check_that_reaches_the_threshold_rolls_back_and_the_one_before_does_not() {
    assert_eq!(failures_until_rollback("threshold: 3", "FF"), None);
    assert_eq!(failures_until_rollback("threshold: 3", "FFF"), Some(3));
    assert_eq!(failures_until_rollback("threshold: 3", "F.F..F"), Some(3));
    for one in ["threshold: 1", "threshold: 0", "threshold: -5", "interval: 1m"] {
        assert_eq!(failures_until_rollback(one, "..F"), Some(1), "{one}");
    }
}

#[test]
fn consecutive_failures_are_counted_from_zero_after_a_passed_check() {
    let consecutive = "threshold: 3, thresholdMode: consecutive";
    assert_eq!(failures_until_rollback(consecutive, "FF.FF.FF"), None);
    assert_eq!(failures_until_rollback(consecutive, "FF.FFF"), Some(5));
}

/// The problems of an analysis, one field per line.
fn problems(analysis: &str) -> Vec<String> {
    problems_of(&manifest("istio", analysis))
}

fn problems_of(raw: &raw::Canary) -> Vec<String> {
    parse(raw)
        .err()
        .map_or_else(Vec::new, |invalid| invalid.problems.iter().map(ToString::to_string).collect())
}

#[test]
fn a_percentage_goes_from_0_to_100() {
    for field in ["primaryReadyThreshold", "canaryReadyThreshold"] {
        let wrong = [format!("spec.analysis.{field}: must be a percentage from 0 to 100")];
        assert_eq!(problems(&format!("{{{field}: -1}}")), wrong);
        assert_eq!(problems(&format!("{{{field}: 101}}")), wrong);
        assert_eq!(problems(&format!("{{{field}: 0}}")), [""; 0]);
        assert_eq!(problems(&format!("{{{field}: 100}}")), [""; 0]);
    }
    let others = [
        ("stepWeight", "stepWeight: {}"),
        ("stepWeightPromotion", "stepWeightPromotion: {}"),
        ("mirrorWeight", "mirror: true, mirrorWeight: {}"),
        ("canaryAnalysis.stepWeightPromotion", "mirror: true, canaryAnalysis: {stepWeightPromotion: {}}"),
        ("canaryAnalysis.maxMirrorWeight", "mirror: true, canaryAnalysis: {maxMirrorWeight: {}}"),
    ];
    for (field, given) in others {
        let of = |value: &str| problems(&format!("{{{}}}", given.replace("{}", value)));
        assert_eq!(of("-1"), [format!("spec.analysis.{field}: -1 is not a percentage from 0 to 100")]);
        assert_eq!(of("101"), [format!("spec.analysis.{field}: 101 is not a percentage from 0 to 100")]);
        assert_eq!(of("0"), [""; 0]);
        assert_eq!(of("100"), [""; 0]);
    }
}

#[test]
fn the_largest_weight_is_a_percentage_and_zero_or_less_means_not_given() {
    assert_eq!(
        problems("{stepWeight: 10, maxWeight: 101}"),
        ["spec.analysis.maxWeight: 101 is not a percentage from 0 to 100"]
    );
    for (given, max) in [
        ("", 100),
        ("maxWeight: 0", 100),
        ("maxWeight: -5", 100),
        ("maxWeight: 1", 1),
        ("maxWeight: 100", 100),
    ] {
        assert_eq!(
            rollout(&format!("{{stepWeight: 10, {given}}}")).strategy().max_weight(),
            Some(max),
            "{given}"
        );
    }
}

#[test]
fn steps_end_at_the_largest_weight() {
    let visited = |steps: Steps| {
        std::iter::successors(steps.after(0), |weight| steps.after(*weight)).collect::<Vec<_>>()
    };
    assert_eq!(visited(Steps::Even { step: 20, max: 60 }), [20, 40, 60]);
    assert_eq!(visited(Steps::Even { step: 25, max: 60 }), [25, 50, 60]);
    assert_eq!(visited(Steps::Even { step: 59, max: 60 }), [59, 60]);
    assert_eq!(visited(Steps::Even { step: 60, max: 60 }), [60]);
    assert_eq!(visited(Steps::Even { step: 61, max: 60 }), [60]);
    assert_eq!(visited(Steps::Even { step: 100, max: 100 }), [100]);
    assert_eq!(visited(Steps::Listed(vec![1, 50, 100])), [1, 50, 100]);
}

#[test]
fn listed_steps_grow_from_1_to_100() {
    let wrong = ["spec.analysis.stepWeights: must grow from step to step, beginning above 0"];
    for steps in ["[0]", "[0, 10]", "[10, 10]", "[10, 9]"] {
        assert_eq!(problems(&format!("{{stepWeights: {steps}}}")), wrong, "{steps}");
    }
    assert_eq!(
        problems("{stepWeights: [101]}"),
        ["spec.analysis.stepWeights: 101 is not a percentage from 0 to 100"]
    );
    for steps in ["[1]", "[100]", "[9, 10]", "[1, 100]"] {
        assert_eq!(problems(&format!("{{stepWeights: {steps}}}")), [""; 0], "{steps}");
    }
}

#[test]
fn a_mirrored_share_grows_by_its_step_up_to_its_largest() {
    let mirror = Mirror { weight: 10, step: 20, max: 50 };
    assert_eq!([0, 1, 2, 3, 4, u32::MAX].map(|iteration| mirror.at(iteration)), [10, 10, 30, 50, 50, 50]);
    let still = Mirror { weight: 10, step: 0, max: 100 };
    assert_eq!([1, 2, u32::MAX].map(|iteration| still.at(iteration)), [10, 10, 10]);
    let full = Mirror { weight: 100, step: 100, max: 100 };
    assert_eq!([1, 2, u32::MAX].map(|iteration| full.at(iteration)), [100, 100, 100]);
}

#[test]
fn iterations_are_a_count() {
    assert_eq!(problems("{iterations: -1}"), ["spec.analysis.iterations: -1 is not a count"]);
    assert_eq!(problems("{iterations: 4294967296}"), ["spec.analysis.iterations: 4294967296 is not a count"]);
    assert_eq!(problems("{iterations: 4294967295}"), [""; 0]);
    assert_eq!(rollout("{iterations: 0}").strategy().to_string(), "weighted, step 10 to 50");
    assert_eq!(rollout("{iterations: 1}").strategy().to_string(), "blue/green, 1 iterations");
}

#[test]
fn the_shortest_interval_is_ten_seconds() {
    let seconds =
        |interval: &str| rollout(&format!("{{interval: {interval}}}")).policy().interval.as_secs_f64();
    assert_eq!(
        ["0s", "1s", "9999ms", "10s", "10001ms", "1h"].map(seconds),
        [10.0, 10.0, 10.0, 10.0, 10.001, 3600.0]
    );
}

#[test]
fn a_progress_deadline_below_a_second_is_not_given() {
    let seconds = |deadline: Option<i64>| {
        let mut raw = manifest("istio", "{}");
        raw.spec.progress_deadline_seconds = deadline.map(Into::into);
        parse(&raw).expect("it makes sense").policy().progress_deadline.as_secs()
    };
    assert_eq!([None, Some(-1), Some(0), Some(1)].map(seconds), [600, 600, 600, 1]);
}

#[test]
fn a_list_holds_at_most_a_thousand_items() {
    let hook = "{name: h, url: 'http://h'}";
    let lists = [
        ("metrics", "{name: m, query: q}"),
        ("webhooks", hook),
        ("alerts", "{name: a, providerRef: {name: p}}"),
    ];
    for (field, item) in lists {
        let of = |count| problems(&format!("{{{field}: [{}]}}", vec![item; count].join(", ")));
        assert_eq!(of(1_024), [""; 0]);
        assert_eq!(of(1_025), [format!("spec.analysis.{field}: has 1025 items, at most 1024 are allowed")]);
    }
}

#[test]
fn bounds_that_no_value_can_meet_are_refused() {
    let of =
        |range: &str| problems(&format!("{{metrics: [{{name: m, query: q, thresholdRange: {range}}}]}}"));
    assert_eq!(of("{min: 5, max: 5}"), [""; 0]);
    let wrong = ["spec.analysis.metrics[0].thresholdRange: min lies above max: no value can pass"];
    assert_eq!(of("{min: 5.000001, max: 5}"), wrong);
    assert_eq!(of("{min: .nan}"), ["spec.analysis.metrics[0].thresholdRange: must be a number"]);
}

#[test]
fn a_requested_weight_is_a_whole_number_from_0_to_100() {
    let order = |value: &str| request(RequestKind::CanaryWeight, value).order();
    assert_eq!(
        ["-1", "0", "1", "100", "101", "256", "1.5", " 7 ", "", "x"].map(order),
        [
            None,
            Some(Order::Abort),
            Some(Order::Weight(1)),
            Some(Order::Weight(100)),
            None,
            None,
            None,
            Some(Order::Weight(7)),
            None,
            None
        ]
    );
}

/// The outbox after another notice that is not an alert, with these numbers of alerts and other notices before it.
fn outbox_after_one_more(alerts: usize, others: usize) -> (usize, usize, bool) {
    let notice = |seq: usize, message: Message| json!({"id": {"seq": seq, "index": 0}, "at": START, "message": message});
    let before = (0..others).map(|seq| notice(seq, Message::Started));
    let before = before.chain((0..alerts).map(|seq| notice(seq + others, Message::Initialized)));
    let own = json!({"version": 1, "seq": 99, "shape": rollout("{}").topology(), "outbox": before.collect::<Vec<_>>()});
    let status =
        json!({"phase": "Initialized", "lastAppliedSpec": "a", "lastPromotedSpec": "a", "serin": own});
    let status: Status = serde_json::from_value(status).expect("a status");
    let mut seen = Observation::settled("a");
    seen.requests = vec![request(RequestKind::Promote, "true")];
    let Step::Act(plan) = step(&Ok(rollout("{}")), &State::from(status), &seen, START) else {
        panic!("it asks")
    };
    let outbox = &plan.state.expect("the refusal is saved").outbox;
    let alerts = outbox.notices().iter().filter(|notice| notice.message.alert().is_some()).count();
    let newest = outbox.notices().iter().any(|notice| notice.id == NoticeId { seq: 100, index: 0 });
    (alerts, outbox.notices().len() - alerts, newest)
}

#[test]
fn the_outbox_holds_32_notices_and_every_alert() {
    assert_eq!(outbox_after_one_more(0, 31), (0, 32, true));
    assert_eq!(outbox_after_one_more(0, 32), (0, 32, true));
    assert_eq!(outbox_after_one_more(31, 0), (31, 1, true));
    assert_eq!(outbox_after_one_more(31, 1), (31, 1, true));
    assert_eq!(outbox_after_one_more(32, 0), (32, 0, false));
    assert_eq!(outbox_after_one_more(40, 5), (40, 0, false));
}

/// The record of a run that passed this many checks of one metric, each with another value.
fn record_after(checks: u32) -> AnalysisRecord {
    let metric = "metrics: [{name: m, query: q}]";
    let mut world = Simulated::deployed(rollout(&format!("{{iterations: 50, {metric}}}")));
    let mut value = 0.0;
    world.runs_until(
        &mut |_: &Question| {
            value += 1.0;
            Answer::value(value)
        },
        |state| state.analysis.passed_checks == checks,
    );
    world.state.analysis
}

#[test]
fn the_record_holds_the_last_20_measurements() {
    let values =
        |checks| record_after(checks).iterations.iter().filter_map(|made| made.value).collect::<Vec<_>>();
    assert_eq!(values(20), (1..=20).map(f64::from).collect::<Vec<_>>());
    assert_eq!(values(21), (2..=21).map(f64::from).collect::<Vec<_>>());
}
