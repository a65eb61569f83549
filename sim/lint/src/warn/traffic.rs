//! Whether requests reach the canary before its promotion, and from when on.

use serde_json::{Value, json};
use serin_core::spec::{Hook, HookKind, Leniency, Metric};
use serin_input::manifest::{Remedy, fields::list};
use serin_simulator::scenario;

use super::{Case, Code, Findings};

pub(super) fn look(case: &Case<'_>, told: &mut Findings) {
    let by_users = scenario::is_reached_by_users(case.rollout);
    if by_users || case.rollout.skips_analysis() || !case.rollout.metrics().iter().any(is_judged) {
        return;
    }
    match scenario::load_test(case.rollout) {
        Some((hook, _)) => first_check(case, hook, told),
        None if !may_send(case) => nobody(case, told),
        None => {}
    }
}

fn is_judged(metric: &Metric) -> bool {
    metric.bounds.min.is_some() || metric.bounds.max.is_some()
}

/// Whether a hook may send requests, although its command line does not say how many: it has none, or it names the
/// canary.
fn may_send(case: &Case<'_>) -> bool {
    let is_silent = |hook: &Hook| !hook.metadata.contains_key("cmd");
    case.rollout.hooks_of(HookKind::Rollout).any(is_silent) || scenario::may_send_load(case.rollout).is_some()
}

fn nobody(case: &Case<'_>, told: &mut Findings) {
    let service = case.rollout.topology().canary_service();
    let command = format!("hey -z 1m -q 10 -c 2 http://{service}.{}/", case.namespace());
    let mut hooks = list(case.json, "/spec/analysis/webhooks").to_vec();
    hooks.push(json!({
        "name": "load-test", "type": "rollout", "url": "http://flagger-loadtester.test/", "timeout": "5s",
        "metadata": {"type": "cmd", "cmd": command},
    }));
    told.add(
        Code::NoTraffic,
        "spec.analysis",
        "no request reaches the canary before its promotion: without weights, only a load test sends some, so the \
         metrics have no values",
        Remedy::new(format!("add a `rollout` hook that runs a load test, such as `{command}`"))
            .setting("spec.analysis.webhooks", Value::from(hooks)),
    );
}

/// The load test is started by the first check, which sees none of its requests.
fn first_check(case: &Case<'_>, hook: &Hook, told: &mut Findings) {
    let metrics = case.rollout.metrics();
    let fails = |metric: &Metric| is_judged(metric) && metric.on_no_data == Leniency::Fail;
    let failing: Vec<usize> = (0..metrics.len()).filter(|place| fails(&metrics[*place])).collect();
    let Some(first) = failing.first() else { return };
    let path = |place: usize| format!("spec.analysis.metrics[{place}].onNoData");
    let remedy = Remedy::new("write `onNoData: hold`: the first check is then repeated");
    told.add(
        Code::LoadStartsLate,
        path(*first),
        format!(
            "the first check fails: it starts `{}`, and has no values yet; {} a release back",
            hook.name,
            match case.rollout.policy().threshold {
                0 | 1 => String::from("this rolls"),
                more => format!("{more} failed checks roll"),
            }
        ),
        failing.iter().fold(remedy, |remedy, place| remedy.setting(path(*place), "hold")),
    );
}
