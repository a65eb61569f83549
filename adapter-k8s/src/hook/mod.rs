//! Hooks: the request, the retries, and the meaning of an answer.

mod payload;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serin_core::{
    question::{HookResult, Question},
    retry,
    revision::Text,
    spec::{Hook, HookKind},
};

use crate::{
    http::{Http, HttpError, Reply, Request},
    subject::Subject,
};

pub(crate) use self::payload::{Called, Moment, call_of};

/// Maximum length of a hook's text in events and messages, in bytes.
pub const MOST_SAID: usize = 1024;

/// The call that answers a question about a hook. It is the same for every try, and after a crash.
///
/// # Errors
/// The hook's metadata describes a request that cannot be made.
pub fn request(subject: &Subject, hook: &Hook, question: &Question) -> Result<Request, Text> {
    let moment = Moment {
        phase: question.phase,
        weight: question.weight,
        iterations: question.iterations,
        revision: &question.revision,
    };
    let canary = subject.display();
    let text = match hook.kind {
        HookKind::RollbackAction => format!("Rolled back {canary}: hook {}", hook.name),
        kind @ (HookKind::ConfirmRollout
        | HookKind::PreRollout
        | HookKind::Rollout
        | HookKind::ConfirmTrafficIncrease
        | HookKind::ConfirmPromotion
        | HookKind::PostRollout
        | HookKind::RollbackTrigger
        | HookKind::Event) => format!(
            "{canary}: {kind} hook {}, phase {}, canary weight {}",
            hook.name,
            question.phase.name(),
            question.weight
        ),
    };
    call_of(subject, hook.into(), &moment, &question.id.to_string(), &[], &text)
}

/// Calls a hook until it gives a final answer or its retries, the tries after the first, are used up.
///
/// Any 2xx passes. If the hook cannot be called, it denies.
pub async fn call(http: &Http, request: &Request, retries: u32) -> HookResult {
    let mut tries = 0;
    loop {
        let outcome = http.send(request).await;
        tries += 1;
        if tries > retries || !is_worth_another(&outcome) {
            return answer(&outcome, tries);
        }
        tokio::time::sleep(wait(tries - 1, &outcome)).await;
    }
}

/// Whether the same call can have another answer the next time.
fn is_worth_another(outcome: &Result<Reply, HttpError>) -> bool {
    match outcome {
        Ok(reply) => retry::is_worth_another(reply.status),
        Err(error) => error.is_temporary,
    }
}

/// How long to wait after try number `n`, counted from 0.
fn wait(n: u32, outcome: &Result<Reply, HttpError>) -> Duration {
    match outcome {
        Ok(reply) => retry::wait(n, reply.status, reply.retry_after),
        Err(_) => retry::backoff(n),
    }
}

/// What the outcome of a call means that was tried this many times.
#[must_use]
pub fn answer(outcome: &Result<Reply, HttpError>, tries: u32) -> HookResult {
    let after = if tries > 1 { format!(" (tried {tries} times)") } else { String::new() };
    match outcome {
        Ok(reply) if reply.is_success() => HookResult::Pass(reply.said(MOST_SAID).into()),
        Ok(reply) => HookResult::Deny(format!("{}{after}", reply.refusal(MOST_SAID)).into()),
        Err(error) => HookResult::Deny(format!("{error}{after}").into()),
    }
}
