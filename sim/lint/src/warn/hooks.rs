//! Hooks: their modes, gates and timeouts.

mod chat;
mod commands;
mod metadata;

use serde_json::Value;
use serin_core::{
    spec::{Hook, HookKind},
    strategy::Strategy,
    time::Human,
};
use serin_input::manifest::{Remedy, fields::list};

use super::{Case, Code, Findings, duplicates};

const GATES: [HookKind; 3] =
    [HookKind::ConfirmRollout, HookKind::ConfirmTrafficIncrease, HookKind::ConfirmPromotion];

pub(super) fn look(case: &Case<'_>, told: &mut Findings) {
    duplicates(case, "webhooks", told);
    let hooks = case.rollout.hooks();
    let items = list(case.json, "/spec/analysis/webhooks");
    for (i, (hook, item)) in hooks.iter().zip(items).enumerate() {
        let at = format!("spec.analysis.webhooks[{i}]");
        reading(case, hook, item, &at, told);
        gate(case, hook, &at, told);
        time(case, hook, &at, told);
        metadata::look(hook, &at, told);
        commands::look(hook, &at, told);
        chat::look(hook, &at, told);
    }
    for kind in GATES {
        let of_kind: Vec<usize> = (0..hooks.len()).filter(|i| hooks[*i].kind == kind).collect();
        if let [_, second, ..] = of_kind[..] {
            let names: Vec<String> = of_kind.iter().map(|i| format!("`{}`", hooks[*i].name)).collect();
            told.add(
                Code::SeveralGates,
                format!("spec.analysis.webhooks[{second}]"),
                format!(
                    "{} are all {kind} gates: each has to be open; they are called in this order",
                    names.join(", ")
                ),
                Remedy::new("keep one, unless several people have to approve")
                    .removing(format!("spec.analysis.webhooks[{second}]")),
            );
        }
    }
}

/// The mode of a hook if the manifest does not set it.
fn reading(case: &Case<'_>, hook: &Hook, item: &Value, at: &str, told: &mut Findings) {
    let has = |field: &str| item.get(field).is_some_and(|value| !value.is_null());
    match hook.kind {
        HookKind::RollbackTrigger if !has("mode") => told.add(
            Code::RollbackHookPolled,
            at,
            format!("`{}` is polled with every check, and rolls back when it passes: its path ends in /rollback/check", hook.name),
            Remedy::new(
                "write `mode: trigger` to make that explicit, or `mode: action` to be called when a rollback happens",
            )
            .setting(format!("{at}.mode"), "trigger"),
        ),
        HookKind::RollbackAction if !has("mode") => told.add(
            Code::RollbackHookCalled,
            at,
            format!(
                "`{}` is called once when a rollback happens; Flagger would poll it, and roll back as soon as it passes",
                hook.name
            ),
            Remedy::new("write `mode: action` to make that explicit, or `mode: trigger` to have it polled")
                .setting(format!("{at}.mode"), "action"),
        ),
        HookKind::PostRollout if !has("runOn") => {
            let action = case.rollout.hooks().iter().find(|hook| hook.kind == HookKind::RollbackAction);
            if let Some(action) = action {
                told.add(
                    Code::PostRolloutSuccessOnly,
                    at,
                    format!(
                        "`{}` is called after a success only, because `{}` undoes a release that failed",
                        hook.name, action.name
                    ),
                    Remedy::new(
                        "write `runOn: [success]` to make that explicit, or `runOn: [success, failure]` for both",
                    )
                    .setting(format!("{at}.runOn"), vec!["success"]),
                );
            }
        }
        HookKind::ConfirmTrafficIncrease if !matches!(case.rollout.strategy(), Strategy::Weighted(_)) => told.add(
            Code::NoEffect,
            at,
            format!("`{}` is never called: this strategy makes no steps of weight", hook.name),
            Remedy::new("make it confirm-promotion, or use `stepWeight`")
                .setting(format!("{at}.type"), "confirm-promotion"),
        ),
        HookKind::ConfirmRollout
        | HookKind::PreRollout
        | HookKind::Rollout
        | HookKind::ConfirmTrafficIncrease
        | HookKind::ConfirmPromotion
        | HookKind::PostRollout
        | HookKind::RollbackTrigger
        | HookKind::RollbackAction
        | HookKind::Event => {}
    }
}

/// Gates of the load tester whose answer never changes.
fn gate(case: &Case<'_>, hook: &Hook, at: &str, told: &mut Findings) {
    if !GATES.contains(&hook.kind) || case.rollout.skips_analysis() {
        return;
    }
    let path = hook.url.split(['?', '#']).next().unwrap_or(&hook.url).trim_end_matches('/');
    let field = format!("{at}.url");
    let asked = path.rsplit_once('/').map_or_else(String::new, |(gate, _)| format!("{gate}/check"));
    if path.ends_with("/gate/halt") || path.ends_with("/gate/close") {
        told.add(
            if path.ends_with("halt") { Code::GateNeverOpens } else { Code::GateAlwaysOpen },
            field.clone(),
            if path.ends_with("halt") {
                format!("`{}` is always refused: a release never passes this {} gate", hook.name, hook.kind)
            } else {
                format!(
                    "`{}` closes the load tester's gate and passes: it does not hold the release",
                    hook.name
                )
            },
            Remedy::new("call /gate/check; people open it with /gate/open").setting(field, asked),
        );
    } else if path.ends_with("/gate/approve") || path.ends_with("/gate/open") {
        told.add(
            Code::GateAlwaysOpen,
            field.clone(),
            format!("`{}` always passes on the load tester: no person is asked", hook.name),
            Remedy::new("call /gate/check, which people open with /gate/open, or remove the hook")
                .setting(field, asked),
        );
    }
}

/// Checks and gates wait for their hooks; hooks before and after the run delay nothing.
fn time(case: &Case<'_>, hook: &Hook, at: &str, told: &mut Findings) {
    let interval = case.rollout.policy().interval;
    let timely =
        GATES.contains(&hook.kind) || matches!(hook.kind, HookKind::Rollout | HookKind::RollbackTrigger);
    let longest = hook.timeout.saturating_mul(hook.retries.saturating_add(1));
    if timely && longest > interval {
        let tries = if hook.retries > 0 {
            format!(" ({} tries)", u64::from(hook.retries) + 1)
        } else {
            String::new()
        };
        let each = Human(interval / hook.retries.saturating_add(1).max(1));
        told.add(
            Code::HookSlowerThanInterval,
            format!("{at}.timeout"),
            format!(
                "`{}` may take {}{tries}, the interval is {}: checks then come later than planned",
                hook.name,
                Human(longest),
                Human(interval)
            ),
            Remedy::new(format!("use {each} or less, or a longer interval"))
                .setting(format!("{at}.timeout"), each.to_string()),
        );
    }
}
