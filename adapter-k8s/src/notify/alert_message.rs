//! What an alert says, whoever is told.

use serde_json::{Map, Value, json};
use serin_core::{
    message::{Consequence, Exposure, Message, NoticeId},
    spec::Severity,
    state::State,
    strategy::{Steps, Strategy},
    time::{Human, Timestamp},
};
use serin_template::{Missing, Scope, TemplateError};

use super::{Destination, Notification, chat::shortened};

/// How much of a reason is shown below the sentence, in characters.
const LONGEST_REASON: usize = 500;

/// An alert.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertMessage {
    /// Its name: the same if it is sent again.
    pub id: String,
    /// When it was decided.
    pub at: Timestamp,
    /// The Canary's uid.
    pub uid: String,
    /// The Canary's name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its phase.
    pub phase: &'static str,
    /// `succeeded`, `failed`, or the phase in small letters.
    pub status: String,
    /// How much it matters.
    pub severity: Severity,
    /// Whether earlier alerts of the Canary are over with it.
    pub closes_alerts: bool,
    /// What is said.
    pub text: String,
    /// What is said besides, by name.
    pub fields: Vec<(&'static str, String)>,
}

impl AlertMessage {
    /// The alert of a notice, and what is wrong with the destination's template if it could not be used; `None` if the
    /// notice is no alert.
    #[must_use]
    pub fn of(notification: &Notification<'_>, to: &Destination) -> Option<(Self, Option<TemplateError>)> {
        let identity = &notification.subject.identity;
        let NoticeId { seq, index } = notification.notice.id;
        let mut message = Self {
            id: format!("{}/alert/{seq}-{index}", identity.uid),
            at: notification.notice.at,
            uid: identity.uid.to_string(),
            name: identity.name.to_string(),
            namespace: identity.namespace.to_string(),
            phase: notification.state.phase.name(),
            status: status(&notification.notice.message, notification.state),
            severity: notification.notice.message.alert()?,
            closes_alerts: notification.notice.message.closes_alerts(),
            text: notification.text(),
            fields: fields(notification),
        };
        let Some(template) = &to.template else { return Some((message, None)) };
        match serin_template::render(template, &message.scope(notification)) {
            Ok(text) => {
                message.text = text.trim().into();
                Some((message, None))
            }
            Err(error) => Some((message, Some(error))),
        }
    }

    /// `name.namespace`.
    #[must_use]
    pub fn canary(&self) -> String {
        format!("{}.{}", self.name, self.namespace)
    }

    /// The fields as an object.
    pub(super) fn fields_by_name(&self) -> Map<String, Value> {
        self.fields.iter().map(|(name, value)| ((*name).into(), value.as_str().into())).collect()
    }

    /// What a `messageTemplate` sees.
    fn scope(&self, notification: &Notification<'_>) -> Scope {
        let metadata = &notification.subject.metadata;
        let of_canary: Value = metadata
            .annotations
            .iter()
            .chain(&metadata.labels)
            .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
            .collect();
        let dot = json!({
            "Name": self.name,
            "Namespace": self.namespace,
            "Target": &*notification.subject.topology.target,
            "Service": &*notification.subject.topology.service,
            "Phase": self.phase,
            "Status": self.status,
            "Severity": self.severity.name(),
            "Message": self.text,
            "Metadata": of_canary,
            "Fields": self.fields_by_name(),
            "CanaryAnalysis": analysis(notification.state),
        });
        Scope { dot, missing: Missing::IsEmpty, ..Scope::default() }
    }
}

/// How the run stands. A rollback is told when it is decided, which is before the phase says so.
fn status(message: &Message, state: &State) -> String {
    if matches!(message, Message::RollingBack(_) | Message::PromotionFailed { .. }) {
        "failed".into()
    } else if matches!(message, Message::Promoted { .. }) {
        "succeeded".into()
    } else {
        state.phase.name().to_ascii_lowercase()
    }
}

/// The last measurements, as `.status.canaryAnalysis` shows them.
fn analysis(state: &State) -> Value {
    let record = &state.analysis;
    let iterations = record.iterations.iter().map(|iteration| {
        json!({
            "Metric": &*iteration.metric,
            "Value": iteration.value,
            "Series": iteration.series.as_deref(),
            "Threshold": iteration.threshold,
            "Failed": iteration.failed,
            "At": iteration.at.to_string(),
        })
    });
    json!({
        "PassedChecks": record.passed_checks,
        "FailedChecks": record.failed_checks,
        "Iterations": iterations.collect::<Vec<_>>(),
    })
}

/// The fields under a message: the cluster's name and the status, of trouble the reason and the action, of a rollback how
/// far users met the version, and how the rollout is made where one begins.
fn fields(notification: &Notification<'_>) -> Vec<(&'static str, String)> {
    let (subject, message) = (notification.subject, &notification.notice.message);
    let cluster = subject.settings.cluster_name.as_ref().filter(|name| !name.is_empty());
    let mut fields: Vec<_> = cluster.map(|name| ("Cluster", name.clone())).into_iter().collect();
    fields.push(("Status", status(message, notification.state)));
    if let Some(Consequence { reason, action }) = message.consequence() {
        fields.extend([("Reason", shortened(&reason, LONGEST_REASON)), ("Action", action)]);
    }
    if let Some(Exposure { weight, matched, lasted }) = notification.notice.exposure {
        let of = if matched { "matched requests" } else { "requests" };
        fields.push(("Canary weight", format!("{weight}% of {of}")));
        fields.push(("Users met it for", Human(lasted).to_string()));
    }
    let (Message::Initialized | Message::NewRevision(_), Some(rollout)) = (message, notification.rollout)
    else {
        return fields;
    };
    let policy = rollout.policy();
    let (kind, target, namespace) = (&subject.topology.kind, subject.target(), &subject.identity.namespace);
    fields.push(("Target", format!("{kind}/{target}.{namespace}")));
    fields.push(("Failed checks threshold", policy.threshold.to_string()));
    fields.push(("Progress deadline", format!("{}s", policy.progress_deadline.as_secs())));
    fields.push(("Traffic routing", routing(notification, rollout.strategy())));
    fields
}

/// Flagger's words. It shows a `maxWeight` that is left out as 0; here the one that holds is shown.
fn routing(notification: &Notification<'_>, strategy: &Strategy) -> String {
    let weighted = match strategy {
        Strategy::AbTesting { .. } => return "A/B Testing".into(),
        Strategy::BlueGreen(_) => return "Blue/Green".into(),
        Strategy::Weighted(weighted) => weighted,
    };
    match &weighted.steps {
        Steps::Even { step, max } => format!("Weight step: {step} max: {max}"),
        Steps::Listed(steps) => {
            let own = notification.subject.setup.max_weight;
            let max = own.unwrap_or_else(|| weighted.steps.max().into());
            let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
            format!("Weight steps: {} max: {max}", steps.join(","))
        }
    }
}
