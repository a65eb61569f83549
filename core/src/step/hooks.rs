//! Hooks and gates, asked in sequence.

use super::turn::{Flow, Turn};
use crate::{
    message::Message,
    revision::Text,
    spec::{Hook, HookKind, Rollout},
};

/// For how long a hook that passed is not asked again.
enum Remember {
    /// Until the run ends.
    Run,
    /// Until the next step is made.
    Step,
    /// It is asked in every check.
    Never,
}

fn remember(kind: HookKind) -> Remember {
    match kind {
        HookKind::ConfirmRollout | HookKind::PreRollout | HookKind::ConfirmPromotion => Remember::Run,
        HookKind::ConfirmTrafficIncrease => Remember::Step,
        HookKind::Rollout
        | HookKind::RollbackTrigger
        | HookKind::PostRollout
        | HookKind::RollbackAction
        | HookKind::Event => Remember::Never,
    }
}

/// Asks the hooks of a kind, in order, until one denies; that one, and what it said. `None` if all have passed. One that is
/// remembered to have passed is not asked, and the first time that it passes is reported.
pub(super) fn first_denied<'r>(
    t: &mut Turn<'_>,
    r: &'r Rollout,
    kind: HookKind,
) -> Flow<Option<(&'r Hook, Text)>> {
    for hook in r.hooks_of(kind) {
        let run = &t.state().run;
        if run.passed.contains(&hook.key) || run.passed_step.contains(&hook.key) {
            continue;
        }
        match t.ask(hook)? {
            Ok(said) => passed(t, hook, said),
            Err(said) => return Flow::Continue(Some((hook, said))),
        }
    }
    Flow::Continue(None)
}

fn passed(t: &mut Turn<'_>, hook: &Hook, said: Text) {
    let run = &mut t.edit().run;
    match remember(hook.kind) {
        Remember::Run => run.passed.insert(hook.key.clone()),
        Remember::Step => run.passed_step.insert(hook.key.clone()),
        Remember::Never => return,
    };
    t.tell(Message::HookPassed { kind: hook.kind.into(), hook: hook.name.clone(), said });
}
