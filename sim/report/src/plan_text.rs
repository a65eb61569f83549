//! One decision as text: the evidence, the reason, and the commands.

use serin_core::{
    Command, Rollout, State,
    decision::{Finding, Rule},
    message::{Advance, EventType, Message},
    observation::FailureClass,
    question::{self, Answer, HookResult},
    spec::HookKind,
};
use serin_output::{
    span::{Span, width},
    terminal::{BAD, FAINT, GOOD, PLAIN, STRONG, Terminal, WARNING},
};
use serin_simulator::record::{Effect, Moment, Story};

use super::{
    Page, measured,
    rule::{self, Say, say},
};

/// A paragraph of a row: spans that are laid out together.
pub(super) type Paragraph = Vec<Span>;

/// The text of one decision.
#[derive(Debug, Default)]
pub(super) struct PlanText {
    /// The evidence and the reason.
    pub(super) why: Vec<Paragraph>,
    /// The commands.
    pub(super) done: Vec<Span>,
}

impl PlanText {
    /// The text of a moment; nothing if nothing happened. `state` was saved last, `said` is the last rule that was
    /// printed.
    pub(super) fn of(
        page: &Page<'_>,
        moment: &Moment,
        state: Option<&State>,
        said: Option<Rule>,
        terminal: &Terminal,
    ) -> Self {
        let mut why: Vec<Paragraph> = notices(page.story, moment).collect();
        if say(moment.decision.rule) == Say::Known {
            return Self { why, done: done(moment, terminal) };
        }
        let mut evidence = evidence(page, moment, terminal);
        if why.is_empty()
            && let Some(words) = words(moment.decision.rule, state, said, evidence.is_empty())
        {
            let mut words = Span::words(FAINT, &words).into_iter();
            evidence.extend(words.next().map(|word| word.after(2)));
            evidence.extend(words);
        }
        if !evidence.is_empty() {
            why.insert(0, evidence);
        }
        Self { why, done: done(moment, terminal) }
    }
}

/// The paragraphs of all decisions of one instant. The commands follow their reason on the same line if they fit.
pub(super) fn paragraphs(
    told: impl IntoIterator<Item = PlanText>,
    columns: usize,
    terminal: &Terminal,
) -> Vec<Paragraph> {
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    let mut done: Vec<Span> = Vec::new();
    for PlanText { why, done: more } in told {
        if !why.is_empty() {
            end(&mut paragraphs, std::mem::take(&mut done), columns, terminal);
            paragraphs.extend(why);
        }
        done.extend(more);
    }
    end(&mut paragraphs, done, columns, terminal);
    paragraphs
}

/// Ends paragraphs with the commands: `→ route 80/20 · scale canary up`.
fn end(paragraphs: &mut Vec<Paragraph>, done: Vec<Span>, columns: usize, terminal: &Terminal) {
    if done.is_empty() {
        return;
    }
    let sign = |sign| Span::new(FAINT, sign).after(1);
    let last = done.len() - 1;
    let mut line = vec![sign(terminal.signs.leads_to).leading()];
    for (i, span) in done.into_iter().enumerate() {
        let span = span.after(1);
        if i < last {
            line.extend([span.leading(), sign(terminal.signs.and)]);
        } else {
            line.push(span);
        }
    }
    match paragraphs.last_mut() {
        Some(why) if width(why) + 1 + width(&line) <= columns => why.extend(line),
        Some(_) | None => paragraphs.push(line),
    }
}

/// The answers of hooks and metrics, in the order in which they were requested.
pub(super) fn evidence(page: &Page<'_>, moment: &Moment, terminal: &Terminal) -> Paragraph {
    let mut measured =
        moment.decision.measured.iter().map(|measured| measured::span(measured, page.canary, terminal));
    let mut spans = Vec::new();
    for asked in &moment.asked {
        match &asked.question.id.of {
            question::Asked::Hook(key) => spans.extend(hook(page.canary, key, &asked.answer, terminal)),
            // Metrics are judged together, when the last one is answered.
            question::Asked::Metric(_) => spans.extend(measured.by_ref()),
        }
    }
    spans.extend(measured);
    spans
}

/// The answer of a hook: `sign-off 403 ✗`; nothing if a refusal is the normal answer.
pub(super) fn hook(canary: &Rollout, key: &str, answer: &Answer, terminal: &Terminal) -> Option<Span> {
    let polled =
        canary.hooks().iter().any(|hook| *hook.key == *key && hook.kind == HookKind::RollbackTrigger);
    let signs = terminal.signs;
    match answer {
        Answer::Hook(HookResult::Pass(_)) if polled => {
            Some(Span::new(BAD, format!("{key} requests a rollback {}", signs.failed)))
        }
        Answer::Hook(HookResult::Deny(_) | HookResult::Error(_)) if polled => None,
        Answer::Hook(HookResult::Pass(_)) => Some(Span::new(GOOD, format!("{key} {}", signs.passed))),
        Answer::Hook(HookResult::Deny(said) | HookResult::Error(said)) => {
            let said = if said.is_empty() { String::new() } else { format!(" {said}") };
            Some(Span::new(BAD, format!("{key}{said} {}", signs.failed)))
        }
        Answer::Metric(_) => Some(Span::new(BAD, format!("{key} {}", signs.failed))),
    }
}

/// The rule in words, unless the row already shows it.
fn words(rule: Rule, state: Option<&State>, said: Option<Rule>, alone: bool) -> Option<String> {
    let again = said == Some(rule);
    match say(rule) {
        Say::Always => Some(rule::words(rule)),
        Say::Alone => (alone && !again).then(|| rule::words(rule)),
        Say::Waiting => (!again).then(|| rule::words(rule)),
        Say::WaitingFor => (!again).then(|| state.and_then(waits_for).unwrap_or_else(|| rule::words(rule))),
        Say::Nothing | Say::Known => None,
    }
}

/// What a Canary waits for, if its state is more specific than the rule.
fn waits_for(state: &State) -> Option<String> {
    if let Some(stall) = &state.stall {
        return Some(format!("waits: {}", stall.on));
    }
    let who = match (state.run.canary_unready.is_some(), state.run.primary_unready.is_some()) {
        (false, false) => return None,
        (true, false) => "canary",
        (false, true) => "primary",
        (true, true) => "canary and the primary",
    };
    Some(format!("waits for the {who} to get ready"))
}

/// The notices that were sent, except those that repeat what the row shows.
fn notices<'a>(story: &'a Story, moment: &'a Moment) -> impl Iterator<Item = Paragraph> + 'a {
    let news = moment.sent.iter().filter(|notice| !is_shown(&notice.message));
    news.map(|notice| {
        let text = notice.message.text(&story.canary, &story.topology);
        match notice.message.event_type() {
            EventType::Normal => Span::words(PLAIN, &text),
            EventType::Warning => {
                let mut spans = vec![Span::new(WARNING, "!")];
                spans.extend(Span::words(WARNING, &text));
                spans
            }
        }
    })
}

/// Whether the weight, measurements or commands of a row already show it.
pub(super) fn is_shown(message: &Message) -> bool {
    match message {
        Message::Advanced(
            Advance::Weight(_) | Advance::Mirror(_) | Advance::Iteration(..) | Advance::All,
        )
        | Message::PrimaryAdvanced(_)
        | Message::HookPassed { .. }
        | Message::CommandFailed { .. } => true,
        Message::CheckFailed { finding, .. } | Message::CheckHeld(finding) => match finding {
            Finding::Below { .. }
            | Finding::Above { .. }
            | Finding::NoData { .. }
            | Finding::MetricError { .. }
            | Finding::Hook { .. } => true,
        },
        Message::TakenOver
        | Message::RollbackHooks { .. }
        | Message::Initialized
        | Message::NewRevision(_)
        | Message::Restarted(_)
        | Message::AnalysedInPlace(_)
        | Message::Withdrawn(_)
        | Message::Started
        | Message::GateClosed { .. }
        | Message::CanaryLeft { .. }
        | Message::CanaryBack(_)
        | Message::ServingCopy { .. }
        | Message::PrimaryDown { .. }
        | Message::RollingBack(_)
        | Message::Rejected { .. }
        | Message::RollbackWaits
        | Message::CanaryFailed
        | Message::PromotionStarted(_)
        | Message::PrimaryTakesAll
        | Message::Promoted { .. }
        | Message::PromotionFailed { .. }
        | Message::PrimaryRecovered
        | Message::OwedHookFailed { .. }
        | Message::RequestGranted { .. }
        | Message::RequestRefused { .. }
        | Message::Suspended
        | Message::Resumed
        | Message::Invalid { .. }
        | Message::ShapeChanged
        | Message::RoutesRepaired
        | Message::ObjectsRepaired
        | Message::Contested { .. }
        | Message::CheckVoid(_)
        | Message::CommandStillFails { .. }
        | Message::HeldUp(_)
        | Message::Stalled(_)
        | Message::Concern(_)
        | Message::NotReady { .. }
        | Message::Terminating => false,
    }
}

/// The commands, up to the one that failed.
pub(super) fn done(moment: &Moment, terminal: &Terminal) -> Vec<Span> {
    let commands = moment.commands.iter().map(|effect| span(effect, terminal));
    let iteration = iteration(moment).map(|iteration| Span::new(STRONG, iteration));
    commands.chain(iteration).collect()
}

fn span(effect: &Effect, terminal: &Terminal) -> Span {
    match &effect.failed {
        None => Span::new(command_style(&effect.command), effect.command.to_string()),
        Some((class, error)) => {
            let class = match class {
                FailureClass::Retry => "failed",
                FailureClass::Refused => "refused",
                FailureClass::Moved => "conflict",
            };
            Span::new(BAD, format!("{} {} {class}: {error}", effect.command, terminal.signs.failed))
        }
    }
}

/// Commands that affect users are highlighted.
fn command_style(command: &Command) -> anstyle::Style {
    match command {
        Command::SetRoutes(_) | Command::Promote { .. } => STRONG,
        Command::EnsureFinalizer(_)
        | Command::EnsureWorkloads
        | Command::EnsureServices(_)
        | Command::ScaleUp
        | Command::ScaleToPrimary
        | Command::ScaleDown
        | Command::PauseScaler
        | Command::ResumeScaler
        | Command::Abandon(_)
        | Command::ClearRequest(_)
        | Command::RevertServices
        | Command::RevertRoutes
        | Command::Release => PLAIN,
    }
}

/// The iteration that was reached, if no weight shows the progress.
fn iteration(moment: &Moment) -> Option<String> {
    moment.sent.iter().find_map(|notice| {
        let Message::Advanced(Advance::Iteration(made, all)) = notice.message else { return None };
        Some(format!("iteration {made}/{all}"))
    })
}
