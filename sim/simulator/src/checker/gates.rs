//! Gates: nothing is promoted unless its gate has opened.
//!
//! Verifies that each `confirm-promotion` hook has passed in the run that is promoted, by the answers of the world, not
//! by the state. Only checks runs that are analysed to their end, of Canaries that are not edited and not taken over.
//! Does not verify the other gates.

use serin_core::{
    decision::Rule,
    question::{Answer, Asked, HookResult},
    spec::HookKind,
    state::Intent,
};

use super::{Checked, Violations};

pub(super) fn check(seen: &Checked<'_>) -> Violations {
    let mut found = Vec::new();
    if !seen.is_unedited() || seen.scenario.status.is_some() {
        return found;
    }
    for (i, state) in seen.saved() {
        let earned = matches!(&state.run.intent, Some(Intent::Promote { skipped: false, .. }));
        // An operator's request skips any gate.
        let ordered = seen.before(i).is_some_and(|before| before.consumed != state.consumed);
        if !earned || ordered || seen.story.moments[i].decision.rule != Rule::PromotionDecided {
            continue;
        }
        let hooks = seen.scenario.canary.hooks().iter();
        for hook in hooks.filter(|hook| hook.kind == HookKind::ConfirmPromotion) {
            let asked = seen.story.moments[..=i].iter().flat_map(|moment| &moment.asked);
            let mut passes = asked.filter(|asked| {
                asked.question.id.run == state.runs
                    && asked.question.id.of == Asked::Hook(hook.key.clone())
                    && matches!(asked.answer, Answer::Hook(HookResult::Pass(_)))
            });
            if passes.next().is_none() {
                found.push((i, format!("run {} is promoted, but `{}` never opened", state.runs, hook.name)));
            }
        }
    }
    found
}
