//! I9 and I11: what the sequence of saves shows.

use alloc::{collections::BTreeSet, format, vec::Vec};

use super::{Broken, Call, Violation};
use crate::{
    decision::Rule,
    message::NoticeId,
    state::{Stage, State},
};

/// Checks what only the sequence of one Canary's saves can show. Pass it every plan whose state was saved, in order,
/// across restarts of the driver.
#[derive(Clone, Debug, Default)]
pub struct History {
    seq: Option<u64>,
    born: BTreeSet<NoticeId>,
}

impl History {
    /// Notes a call whose commands were all carried out and whose state was saved; what it breaks.
    pub fn note(&mut self, call: &Call<'_>) -> Vec<Violation> {
        let mut broken = Broken(Vec::new());
        let Some(after) = &call.plan.state else { return broken.0 };
        counts_once(call, after, &mut broken);
        let (last, next) = (self.seq.unwrap_or(call.state.seq), after.seq);
        broken.unless(next == last + 1, "I9", || format!("save {next} follows save {last}"));
        self.seq = Some(next);
        for notice in after.outbox.notices().iter().filter(|notice| notice.id.seq == next) {
            broken
                .unless(self.born.insert(notice.id), "I11", || format!("notice {} is born twice", notice.id));
        }
        broken.0
    }
}

/// I9: counters move one check at a time, and a step takes a check.
fn counts_once(call: &Call<'_>, after: &State, broken: &mut Broken) {
    let before = call.state;
    if after.runs != before.runs {
        broken.unless(after.runs == before.runs + 1, "I9", || {
            format!("run {} follows {}", after.runs, before.runs)
        });
        return;
    }
    let counted = after.check - before.check.min(after.check);
    broken.unless(counted <= 1 && after.check >= before.check, "I9", || {
        format!("check {} follows {}", after.check, before.check)
    });
    let by_other_means =
        matches!(call.plan.decision.rule, Rule::Requested | Rule::TakenOver | Rule::CanaryBack);
    let in_place = matches!(after.run.stage, Stage::Holding | Stage::InPlace);
    let failed_more = after.failed_checks > before.failed_checks;
    let grew = after.canary_weight > before.canary_weight && !in_place;
    let iterated = after.iterations > before.iterations;
    if (failed_more || grew || iterated) && !by_other_means {
        broken.unless(counted == 1, "I9", || format!("{:?} took no check", call.plan.decision.rule));
    }
    let once = after.failed_checks <= before.failed_checks + 1 && after.iterations <= before.iterations + 1;
    broken.unless(once || by_other_means, "I9", || "a check counted twice".into());
}
