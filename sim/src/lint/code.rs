//! What a finding can be about: one code each, stable, so that people can search for it and scripts can count it.

use std::fmt;

use serde::{Serialize, Serializer};

pub use crate::finding::Level;

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
    /// The text is no YAML, or too large.
    Unreadable: Error "unreadable",
    /// A template that was not rendered: of Helm, or with variables that Flux replaces.
    UnrenderedTemplate: Error "unrendered-template",
    /// A merge conflict that is not resolved.
    MergeConflict: Error "merge-conflict",
    /// A key that its mapping has already.
    DuplicateKey: Error "duplicate-key",
    /// Spaces which YAML does not know, in the place of plain ones.
    NonBreakingSpace: Warning "non-breaking-space",
    /// The file has no object of flagger.app.
    NothingToCheck: Hint "nothing-to-check",
    /// An object of our group with a kind that does not exist.
    UnknownKind: Error "unknown-kind",
    /// An API version that clusters no longer serve.
    RemovedApiVersion: Warning "removed-api-version",
    /// The same object twice.
    DuplicateObject: Warning "duplicate-object",
    /// Two Canaries release one target.
    SharedTarget: Warning "shared-target",

    // Files that disagree.
    /// An autoscaler scales the target, and the Canary does not name it.
    AutoscalerNotNamed: Warning "autoscaler-not-named",
    /// Requests are sent to a port that the target's containers do not have.
    NoSuchPort: Warning "no-such-port",
    /// Another Service leads to the target's pods.
    ServiceSelectsTarget: Warning "service-selects-target",
    /// A NetworkPolicy knows the target's pods, and not the primary's.
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
    /// A router, metric system, receiver or kind that this version of the controller does not run.
    NotInController: Warning "not-in-controller",
    /// A field that changes nothing here.
    NoEffect: Warning "no-effect",
    /// A number that is read as "not given".
    ValueIgnored: Warning "value-ignored",
    /// An operator's request that is kept in the manifest.
    RequestAnnotation: Warning "request-annotation",
    /// An older name of a field.
    DeprecatedField: Hint "deprecated-field",
    /// Two items of one name.
    DuplicateName: Warning "duplicate-name",

    // The policy.
    /// No interval is given.
    DefaultInterval: Hint "default-interval",
    /// No threshold is given.
    DefaultThreshold: Warning "default-threshold",
    /// No steps are given.
    DefaultSteps: Warning "default-steps",
    /// No iterations are given.
    DefaultIterations: Hint "default-iterations",
    /// An interval below the shortest.
    IntervalTooShort: Warning "interval-too-short",
    /// More failed checks are allowed than a good release makes checks.
    ThresholdAboveChecks: Warning "threshold-above-checks",
    /// Failed checks add up over the whole release.
    ThresholdCountsAll: Hint "threshold-counts-all",
    /// Pods have less time to get ready than a check or the warm-up takes.
    DeadlineShorterThanRamp: Warning "deadline-shorter-than-ramp",
    /// A copy counts as ready without a pod.
    ReadyThresholdZero: Warning "ready-threshold-zero",
    /// Promotion without analysis.
    SkipAnalysis: Warning "skip-analysis",
    /// No move is made.
    Suspended: Warning "suspended",
    /// Deletion takes the primary and leaves the target without pods.
    RevertOnDeletionOff: Warning "revert-on-deletion-off",

    // The strategy.
    /// The last step is smaller than the others.
    LastStepClamped: Hint "last-step-clamped",
    /// One step reaches more than the largest weight.
    StepAboveMax: Warning "step-above-max",
    /// Promotion goes from few users to all.
    LargeJump: Hint "large-jump",
    /// Steps and iterations together.
    IterationsNextToSteps: Hint "iterations-next-to-steps",
    /// Copied requests have their effects twice.
    MirrorSideEffects: Hint "mirror-side-effects",
    /// The router cannot keep users on a version.
    AffinityUnsupported: Warning "affinity-unsupported",

    // What is measured.
    /// Nothing is measured.
    NoMetrics: Warning "no-metrics",
    /// A metric that never fails, because it has no bounds.
    NoBounds: Warning "no-bounds",
    /// Bounds that every value meets.
    BoundNeverFails: Warning "bound-never-fails",
    /// Bounds that no value meets.
    BoundNeverPasses: Warning "bound-never-passes",
    /// A bound on the good side.
    BoundReversed: Warning "bound-reversed",
    /// A fraction where a percentage is compared.
    BoundAsFraction: Warning "bound-as-fraction",
    /// The older form of a bound.
    DeprecatedThreshold: Hint "deprecated-threshold",
    /// A bound inside a bucket of a histogram.
    BoundInsideBucket: Warning "bound-inside-bucket",
    /// A window too short for two samples.
    WindowTooShort: Warning "window-too-short",
    /// A window in which one failure stays for many checks.
    WindowTooLong: Warning "window-too-long",
    /// A metric whose template is not among the files.
    TemplateNotGiven: Warning "template-not-given",
    /// The answer is empty while all is well.
    QueryNoSeries: Warning "query-no-series",
    /// The answer may be empty while all is well.
    QueryMaybeNoSeries: Hint "query-maybe-no-series",
    /// The query's template cannot be read or filled in.
    QueryTemplateInvalid: Error "query-template-invalid",
    /// A variable that templates do not have.
    QueryUnknownVariable: Error "query-unknown-variable",
    /// What is filled in is no PromQL.
    QueryInvalid: Error "query-invalid",
    /// The query is too large to be parsed here.
    QueryNotChecked: Hint "query-not-checked",
    /// The answer has several values, of which one counts.
    QuerySeveralSeries: Warning "query-several-series",
    /// The query picks pods that do not exist.
    QueryMatchesNothing: Warning "query-matches-nothing",
    /// A window written into the query, other than the metric's.
    QueryFixedWindow: Warning "query-fixed-window",
    /// The query counts the primary's requests as well.
    QueryMeasuresBoth: Warning "query-measures-both",

    // Hooks and alerts.
    /// A rollback hook that is called when a rollback happens.
    RollbackHookCalled: Warning "rollback-hook-called",
    /// A rollback hook that is polled, and rolls back when it passes.
    RollbackHookPolled: Hint "rollback-hook-polled",
    /// A post-rollout hook that is not called after a rollback.
    PostRolloutSuccessOnly: Warning "post-rollout-success-only",
    /// A gate that stays closed.
    GateNeverOpens: Warning "gate-never-opens",
    /// A gate that is always open.
    GateAlwaysOpen: Hint "gate-always-open",
    /// Several gates at one place.
    SeveralGates: Hint "several-gates",
    /// More than the controller gives to one Canary, unless its limits are raised.
    BeyondLimit: Warning "beyond-limit",
    /// A hook that may take longer than the interval.
    HookSlowerThanInterval: Warning "hook-slower-than-interval",
    /// A placeholder that is sent as it is written.
    HookUnknownVariable: Warning "hook-unknown-variable",
    /// An `eventType` in the metadata of a hook that chooses no events.
    EventTypeIgnored: Warning "event-type-ignored",
    /// A hook whose answer counts is sent to a chat.
    HookAsksChat: Warning "hook-asks-chat",
    /// A line of a command that is not joined with the next.
    CommandBrokenLine: Warning "command-broken-line",
    /// A command that takes as long as its hook may.
    CommandSlowerThanTimeout: Warning "command-slower-than-timeout",
    /// A command whose result is wanted, but not waited for.
    CommandResultUnused: Warning "command-result-unused",
    /// What looks like a secret goes over plain HTTP.
    SecretOverHttp: Warning "secret-over-http",
    /// An alert without severity.
    AlertWithoutSeverity: Hint "alert-without-severity",
    /// An alert whose provider is not among the files.
    AlertProviderNotGiven: Warning "alert-provider-not-given",
}

impl Code {
    /// Whether the text cannot be parsed, so that nothing is known of the object.
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
