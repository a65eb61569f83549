//! The codes of findings: stable, so that users can search for them and scripts can count them.

use std::fmt;

use serde::{Serialize, Serializer};

pub use serin_output::finding::Level;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident: $level:ident $name:literal,)*) => {
        /// What a finding is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])+ $code,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// Its name, in kebab case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name),* }
            }

            /// How much it matters.
            #[must_use]
            pub const fn level(self) -> Level {
                match self { $(Self::$code => Level::$level),* }
            }

            /// What it says, as a sentence.
            #[must_use]
            pub fn what(self) -> &'static str {
                match self { $(Self::$code => concat!($($doc),+).trim()),* }
            }
        }
    };
}

codes! {
    // Files.
    /// The text is not YAML, or too large.
    Unreadable: Error "unreadable",
    /// A template that was not rendered: of Helm, or with variables that Flux replaces.
    UnrenderedTemplate: Error "unrendered-template",
    /// A merge conflict that is not resolved.
    MergeConflict: Error "merge-conflict",
    /// A key that its mapping already has.
    DuplicateKey: Error "duplicate-key",
    /// Non-breaking spaces, which YAML does not accept, instead of plain ones.
    NonBreakingSpace: Warning "non-breaking-space",
    /// The file has no object of flagger.app.
    NothingToCheck: Hint "nothing-to-check",
    /// An object of our group with a kind that does not exist.
    UnknownKind: Error "unknown-kind",
    /// An API version that clusters no longer serve.
    RemovedApiVersion: Warning "removed-api-version",
    /// The same object is defined twice.
    DuplicateObject: Warning "duplicate-object",
    /// Two Canaries release one target.
    SharedTarget: Warning "shared-target",

    // Files that contradict each other.
    /// An autoscaler scales the target, and the Canary does not name it.
    AutoscalerNotNamed: Warning "autoscaler-not-named",
    /// Requests are sent to a port that the target's containers do not have.
    NoSuchPort: Warning "no-such-port",
    /// Another Service selects the target's pods.
    ServiceSelectsTarget: Warning "service-selects-target",
    /// A NetworkPolicy selects the target's pods, and not the primary's.
    PolicyWithoutPrimary: Warning "policy-without-primary",
    /// A Secret lacks a key that is read from it.
    SecretWithoutKey: Warning "secret-without-key",

    // Fields.
    /// A value of the wrong type.
    WrongType: Error "wrong-type",
    /// An invalid value or combination.
    Refused: Error "refused",
    /// A misspelt field without which a release would not be judged.
    MisspeltField: Error "misspelt-field",
    /// A field that the cluster drops.
    UnknownField: Warning "unknown-field",
    /// A field that the API server or the router needs.
    MissingField: Warning "missing-field",
    /// A value that the API server refuses.
    UnknownValue: Warning "unknown-value",
    /// A router, metric system, receiver or kind that this version of the controller does not support.
    NotInController: Warning "not-in-controller",
    /// A field that has no effect.
    NoEffect: Warning "no-effect",
    /// A number that is ignored.
    ValueIgnored: Warning "value-ignored",
    /// An operator's request that is kept in the manifest.
    RequestAnnotation: Warning "request-annotation",
    /// An older name of a field.
    DeprecatedField: Hint "deprecated-field",
    /// Two items with the same name.
    DuplicateName: Warning "duplicate-name",

    // The policy.
    /// No interval is set.
    DefaultInterval: Hint "default-interval",
    /// No threshold is set.
    DefaultThreshold: Warning "default-threshold",
    /// No steps are set.
    DefaultSteps: Warning "default-steps",
    /// No iterations are set.
    DefaultIterations: Hint "default-iterations",
    /// An interval below the minimum.
    IntervalTooShort: Warning "interval-too-short",
    /// More failed checks are allowed than a good release makes checks.
    ThresholdAboveChecks: Warning "threshold-above-checks",
    /// Failed checks add up over the whole release.
    ThresholdCountsAll: Hint "threshold-counts-all",
    /// Pods have less time to get ready than a check or the warm-up takes.
    DeadlineShorterThanRamp: Warning "deadline-shorter-than-ramp",
    /// A copy counts as ready with a single pod.
    ReadyThresholdZero: Warning "ready-threshold-zero",
    /// Promotion without analysis.
    SkipAnalysis: Warning "skip-analysis",
    /// No new revision is released.
    Suspended: Warning "suspended",
    /// Deletion removes the primary while the target has no pods.
    RevertOnDeletionOff: Warning "revert-on-deletion-off",

    // The strategy.
    /// The last step is smaller than the others.
    LastStepClamped: Hint "last-step-clamped",
    /// One step is larger than the largest weight.
    StepAboveMax: Warning "step-above-max",
    /// Promotion moves from few users directly to all.
    LargeJump: Hint "large-jump",
    /// Steps and iterations are set together.
    IterationsNextToSteps: Hint "iterations-next-to-steps",
    /// Mirrored requests have their effects twice.
    MirrorSideEffects: Hint "mirror-side-effects",
    /// The router cannot keep a user on one version.
    AffinityUnsupported: Warning "affinity-unsupported",

    // Metrics.
    /// Nothing is measured.
    NoMetrics: Warning "no-metrics",
    /// A metric that never fails, because it has no bounds.
    NoBounds: Warning "no-bounds",
    /// Bounds that every value meets.
    BoundNeverFails: Warning "bound-never-fails",
    /// Bounds that no value meets.
    BoundNeverPasses: Warning "bound-never-passes",
    /// A bound at the wrong end: it fails good values and passes bad ones.
    BoundReversed: Warning "bound-reversed",
    /// A fraction is compared with a percentage.
    BoundAsFraction: Warning "bound-as-fraction",
    /// The older form of a bound.
    DeprecatedThreshold: Hint "deprecated-threshold",
    /// A bound inside a bucket of a histogram.
    BoundInsideBucket: Warning "bound-inside-bucket",
    /// A window too short for two samples.
    WindowTooShort: Warning "window-too-short",
    /// A window in which one failure is counted by many checks.
    WindowTooLong: Warning "window-too-long",
    /// No request reaches the canary before its promotion.
    NoTraffic: Warning "no-traffic",
    /// The first check fails, because it starts the load test.
    LoadStartsLate: Hint "load-starts-late",
    /// A metric whose template is not in the files.
    TemplateNotGiven: Warning "template-not-given",
    /// The query has no value as long as nothing fails.
    QueryNoSeries: Warning "query-no-series",
    /// The query may have no value as long as nothing fails.
    QueryMaybeNoSeries: Hint "query-maybe-no-series",
    /// The query's template cannot be read or filled in.
    QueryTemplateInvalid: Error "query-template-invalid",
    /// A variable that templates do not have.
    QueryUnknownVariable: Error "query-unknown-variable",
    /// The filled-in query is not PromQL.
    QueryInvalid: Error "query-invalid",
    /// The query is too large to be parsed here.
    QueryNotChecked: Hint "query-not-checked",
    /// The query has several values, of which only one is used.
    QuerySeveralSeries: Warning "query-several-series",
    /// The query selects pods that do not exist.
    QueryMatchesNothing: Warning "query-matches-nothing",
    /// A window in the query that differs from the metric's.
    QueryFixedWindow: Warning "query-fixed-window",
    /// The query also counts the primary's requests.
    QueryMeasuresBoth: Warning "query-measures-both",

    // Hooks and alerts.
    /// A rollback hook that is called when a rollback happens.
    RollbackHookCalled: Warning "rollback-hook-called",
    /// A rollback hook that is polled, and rolls back when it passes.
    RollbackHookPolled: Hint "rollback-hook-polled",
    /// A post-rollout hook that is not called after a rollback.
    PostRolloutSuccessOnly: Warning "post-rollout-success-only",
    /// A gate that never opens.
    GateNeverOpens: Warning "gate-never-opens",
    /// A gate that is always open.
    GateAlwaysOpen: Hint "gate-always-open",
    /// Several gates of the same type.
    SeveralGates: Hint "several-gates",
    /// More than the controller's limits allow for one Canary.
    BeyondLimit: Warning "beyond-limit",
    /// A hook that may take longer than the interval.
    HookSlowerThanInterval: Warning "hook-slower-than-interval",
    /// A placeholder that is sent as it is written.
    HookUnknownVariable: Warning "hook-unknown-variable",
    /// An `eventType` in the metadata of a hook that has no effect.
    EventTypeIgnored: Warning "event-type-ignored",
    /// A chat service is called by a hook whose answer matters.
    HookAsksChat: Warning "hook-asks-chat",
    /// A line of a command that is not joined with the next one.
    CommandBrokenLine: Warning "command-broken-line",
    /// A command that takes as long as its hook's timeout.
    CommandSlowerThanTimeout: Warning "command-slower-than-timeout",
    /// A command whose result is needed, but that is started without waiting for it.
    CommandResultUnused: Warning "command-result-unused",
    /// A value that looks like a secret is sent over plain HTTP.
    SecretOverHttp: Warning "secret-over-http",
    /// An alert without severity.
    AlertWithoutSeverity: Hint "alert-without-severity",
    /// An alert whose provider is not in the files.
    AlertProviderNotGiven: Warning "alert-provider-not-given",
}

impl Code {
    /// Whether the text cannot be parsed, so that nothing is known about the object.
    pub(super) fn is_unusable(self) -> bool {
        matches!(self, Self::Unreadable | Self::UnrenderedTemplate | Self::MergeConflict)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
