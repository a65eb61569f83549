//! The controller's own metrics: Flagger's by their names, and further ones as `serin_*`.

mod blocked;
mod format;
mod labels;
mod process;
mod series;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use prometheus_client::{encoding::text::encode, metrics::family::Family, registry::Registry};
use serin_core::Plan;

pub use self::format::Format;
use self::{
    labels::{Info, Kind, Named, Namespace, Target},
    process::Process,
    series::{Series, Shown, Value},
};
use crate::{
    object::{self, Key},
    subject::Subject,
    tick::observe::Snapshot,
};

/// The controller's metrics.
#[derive(Default)]
pub struct Telemetry {
    registry: Registry,
    series: Series,
    canaries: Mutex<Canaries>,
}

/// The series of each Canary, so that they can be removed.
#[derive(Default)]
struct Canaries {
    shown: BTreeMap<Key, Shown>,
    /// The last series of Canaries that are not driven now.
    before: BTreeMap<Key, Shown>,
}

impl Telemetry {
    /// No values yet.
    #[must_use]
    pub fn new(version: &str, mesh_provider: &str) -> Self {
        let mut telemetry = Self::default();
        let registry = &mut telemetry.registry;
        let info = Family::<Info, Value>::default();
        info.get_or_create(&Info { version: version.into(), mesh_provider: mesh_provider.into() }).set(1.0);
        registry.register("flagger_info", "1; version and default provider of the controller", info);
        telemetry.series.clone().register(registry);
        registry.register_collector(Box::new(Process));
        telemetry
    }

    /// The metrics in Prometheus' format.
    #[must_use]
    pub fn text(&self, format: Format) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        encode(&mut text, &self.registry).ok();
        format.of(text)
    }

    /// The existing Canaries. The series of deleted ones are removed.
    pub fn count(&self, canaries: &[Key]) {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for canary in canaries {
            *counts.entry(&canary.namespace).or_default() += 1;
        }
        self.series.total.clear();
        for (namespace, count) in counts {
            let namespace = Namespace { namespace: namespace.into() };
            self.series.total.get_or_create(&namespace).set(f64::from(count));
        }
        let mut known = self.canaries();
        if known.before.is_empty() {
            return;
        }
        let there: BTreeSet<&Key> = canaries.iter().collect();
        known.before.retain(|key, shown| {
            let stays = there.contains(key);
            if !stays {
                self.series.drop_counters(shown);
            }
            stays
        });
    }

    /// The duration of a tick that has made a check, by target.
    pub fn checked(&self, subject: &Subject, took: Duration) {
        let target =
            Target { name: subject.target().into(), namespace: subject.identity.namespace.to_string() };
        self.series.duration.0.get_or_create(&target).observe(took.as_secs_f64());
    }

    /// The duration of a decision.
    pub fn decided(&self, took: Duration) {
        self.series.decision.0.observe(took.as_secs_f64());
    }

    /// A save of a Canary's status failed, or one succeeded.
    pub fn saved(&self, canary: &Key, succeeded: bool) {
        let failing = self.series.unsaved.get_or_create_owned(&named(canary));
        if succeeded {
            failing.set(0.0);
        } else {
            failing.inc();
        }
    }

    /// A save of a Canary's status was delayed.
    pub fn slowed(&self, canary: &Key) {
        self.series.slowed.get_or_create(&named(canary)).inc();
    }

    /// The loop of a Canary has ended because of a bug.
    pub fn panicked(&self, canary: &Key) {
        self.series.panics.get_or_create(&named(canary)).inc();
    }

    /// Whether this replica drives the Canaries.
    pub fn leads(&self, leads: bool) {
        self.series.leader.set(f64::from(leads));
    }

    /// Whether the installed CRDs keep the whole status.
    pub fn crds_fit(&self, fit: bool) {
        self.series.crds_fit.set(f64::from(fit));
    }

    /// Which kinds are watched, and whether they can be read.
    pub fn watches(&self, kinds: impl IntoIterator<Item = (&'static str, bool)>) {
        for (kind, readable) in kinds {
            self.series.watch_readable.get_or_create(&Kind { kind }).set(f64::from(readable));
        }
    }

    /// How many objects of each kind cannot be read.
    pub fn unreadable(&self, counts: &BTreeMap<object::Kind, usize>) {
        for (kind, count) in counts {
            let count = f64::from(u32::try_from(*count).unwrap_or(u32::MAX));
            self.series.unreadable.get_or_create(&Kind { kind: kind.kind }).set(count);
        }
    }

    /// Shows and counts the result of a plan, after it is carried out and saved, so that none is counted twice.
    pub fn carried_out(&self, snapshot: &Snapshot, plan: &Plan) {
        let mut canaries = self.canaries();
        let key = snapshot.object.key();
        let before = canaries.shown.remove(&key);
        let is_new = before.is_none();
        let before = before.or_else(|| canaries.before.remove(&key));
        let mut after = Shown::of(snapshot, plan, before.as_ref());
        if let Some(before) = before.filter(|before| !before.has_labels_of(&after)) {
            self.series.hide(&before);
        }
        self.series.show(&mut after, snapshot, plan, is_new);
        canaries.shown.insert(key, after);
    }

    /// Removes the series of a Canary while it is not driven. Its counters are removed when it is deleted.
    pub fn forget(&self, canary: &Key) {
        let mut canaries = self.canaries();
        if let Some(shown) = canaries.shown.remove(canary) {
            self.series.hide(&shown);
            canaries.before.insert(canary.clone(), shown);
        }
    }

    fn canaries(&self) -> MutexGuard<'_, Canaries> {
        self.canaries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn named(canary: &Key) -> Named {
    Named { canary: canary.name.to_string(), namespace: canary.namespace.to_string() }
}

#[cfg(test)]
mod tests {
    use super::{series::unit, *};
    use crate::{
        kinds::{CANARY, DEPLOYMENT},
        tests::subject,
    };

    const SPEC: &str = "{provider: istio, targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}, \
         service: {port: 80}, analysis: {stepWeight: 10, metrics: [\
         {name: request-duration, thresholdRange: {max: 500}}, \
         {name: request-success-rate, thresholdRange: {min: 99}}]}}";

    #[test]
    fn a_tick_with_a_check_is_counted_for_its_target_within_flaggers_bounds() {
        let (subject, _) = subject(SPEC);
        let telemetry = Telemetry::new("1.2.3", "istio");
        telemetry.checked(&subject, Duration::from_millis(30));
        let text = telemetry.text(Format::OpenMetrics);
        let series = text.lines().filter(|line| line.starts_with("flagger_canary_duration_seconds"));
        let series: Vec<&str> = series.collect();
        let labels = r#"name="shop",namespace="test""#;
        assert_eq!(series[0], format!("flagger_canary_duration_seconds_sum{{{labels}}} 0.03"));
        assert_eq!(series[1], format!("flagger_canary_duration_seconds_count{{{labels}}} 1"));
        let bounds = series[2..].iter().filter_map(|line| line.split('"').nth(1));
        let expected =
            ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"];
        assert_eq!(bounds.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn objects_that_cannot_be_read_are_counted_by_kind() {
        let telemetry = Telemetry::new("1.2.3", "istio");
        telemetry.unreadable(&BTreeMap::from([(CANARY, 3)]));
        telemetry.unreadable(&BTreeMap::from([(CANARY, 2), (DEPLOYMENT, 0)]));
        let text = telemetry.text(Format::OpenMetrics);
        let series: Vec<&str> = text.lines().filter(|line| line.starts_with("serin_unreadable")).collect();
        let [canaries, deployments] = ["Canary", "Deployment"].map(|kind| {
            let of = format!("serin_unreadable_objects{{kind=\"{kind}\"}} ");
            series.iter().find_map(|line| line.strip_prefix(&of)).and_then(|value| value.parse::<f64>().ok())
        });
        assert_eq!((canaries, deployments), (Some(2.0), Some(0.0)), "{series:?}");
    }

    #[test]
    fn durations_are_shown_in_seconds_and_nothing_else_is() {
        let (_, rollout) = subject(SPEC);
        let units =
            ["request-duration", "request-success-rate", "nothing"].map(|it| unit(Some(&rollout), it));
        assert_eq!(units.map(|unit| unit.to_bits()), [0.001_f64, 1.0, 1.0].map(f64::to_bits));
    }

    #[test]
    fn failed_saves_are_counted_until_one_succeeds() {
        let telemetry = Telemetry::new("1.2.3", "istio");
        let key = Key::new(CANARY, "shop", "web");
        let value = || {
            let text = telemetry.text(Format::Text);
            let line = text.lines().find(|line| line.starts_with("serin_canary_saves_failing{"));
            line.map(|line| line.rsplit_once(' ').unwrap().1.to_owned())
        };
        assert_eq!(value(), None);
        telemetry.saved(&key, false);
        telemetry.saved(&key, false);
        assert_eq!(value().unwrap(), "2.0");
        telemetry.saved(&key, true);
        assert_eq!(value().unwrap(), "0.0");
    }

    #[test]
    fn the_process_has_the_usual_series() {
        let text = Telemetry::new("1.2.3", "istio").text(Format::Text);
        for name in [
            "process_cpu_seconds_total",
            "process_resident_memory_bytes",
            "process_virtual_memory_bytes",
            "process_threads",
            "process_open_fds",
            "process_max_fds",
            "process_start_time_seconds",
        ] {
            let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
            let value = line.and_then(|line| line.rsplit_once(' ')).map(|(_, value)| value.parse::<f64>());
            assert!(value.is_some_and(|value| value.is_ok_and(|value| value >= 0.0)), "{name}: {line:?}");
        }
    }

    #[test]
    fn every_family_has_a_help_text() {
        let text = Telemetry::new("1.2.3", "istio").text(Format::Text);
        let named = |what: &str| text.lines().filter(|line| line.starts_with(what)).count();
        assert!(named("# HELP ") > 10 && named("# HELP ") == named("# TYPE "), "{text}");
    }
}
