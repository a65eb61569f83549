//! A chapter in sentences.

use serin_core::{Rollout, message::Message, spec::Severity};
use serin_simulator::{
    record::Story,
    scenario::{Scenario, rule_name},
};

use super::{
    Chapter as Explained, ChapterKind, SentNotice, Topic,
    chapter::{Chapter, Of, born},
    checks::Checks,
    ending::{Ended, Ending},
    moves, waits, what_if,
    words::{cause, count, time},
};

/// Describes a chapter, and the changes that lead to another outcome.
pub(super) fn tell(
    scenario: &Scenario,
    story: &Story,
    chapter: &Chapter<'_>,
    is_over: &dyn Fn() -> bool,
) -> Explained {
    let canary = &scenario.canary;
    let (different, tried) = what_if::what_if(scenario, chapter, is_over);
    let is_run = matches!(chapter.of, Of::Run(_));
    let users = moves::exposure(chapter);
    let notices = notices(story, chapter);
    let mut told = vec![
        (Topic::Began, vec![began(story, chapter)]),
        (Topic::Moved, moves::told(chapter)),
        (Topic::Checks, Checks::of(chapter, canary).told()),
        (Topic::Waited, waits::told(chapter, canary)),
        (Topic::Meanwhile, meanwhile(story, chapter)),
        (Topic::Ended, by_rule(chapter).into_iter().collect()),
        (Topic::Users, if is_run { vec![moves::users(users)] } else { Vec::new() }),
        (Topic::SentNotice, told(&notices)),
        (Topic::Afterwards, afterwards(story, chapter)),
    ];
    told.retain(|(_, sentences)| !sentences.is_empty());
    Explained {
        of: match &chapter.of {
            Of::Setup => ChapterKind::Setup,
            Of::Run(revision) => ChapterKind::Run(revision.to_string()),
            Of::Deletion => ChapterKind::Deletion,
        },
        from: chapter.began(),
        to: chapter.ended.at.map(|(_, done)| done),
        outcome: chapter.ended.how.word(),
        rule: chapter.ended.rule,
        summary: format!("{} {}.", subject(chapter), ending(chapter, canary)),
        told,
        users,
        notices,
        different,
        tried,
    }
}

/// As a clause: `it would have been promoted at 14m`.
pub(super) fn would_have(chapter: &Chapter<'_>, canary: &Rollout) -> String {
    let at = chapter.ended.at.map(|(_, done)| format!(" at {}", time(done))).unwrap_or_default();
    match &chapter.ended.how {
        Ending::Initialized => format!("the primary would have been set up{at}"),
        Ending::TakenOver => format!("it would have been taken over{at}"),
        Ending::Promoted { .. } => format!("it would have been promoted{at}"),
        Ending::RolledBack(why) => format!("it would have been rolled back{at}: {}", cause(why)),
        Ending::PromotionFailed { why } => format!("its promotion would have failed{at}: {why}"),
        Ending::Withdrawn => format!("it would have been withdrawn{at}"),
        Ending::Replaced(revision) => {
            format!("{revision} would have replaced it at {}", time(chapter.until))
        }
        Ending::StartedOver => format!("it would have been started over at {}", time(chapter.until)),
        Ending::ShapeChanged => format!("it would have ended with the edit at {}", time(chapter.until)),
        Ending::Deleted => format!("the deletion would have ended it at {}", time(chapter.until)),
        Ending::Released => format!("the Canary would have been deleted{at}"),
        Ending::UnderWay => {
            let waits = waits::at_the_end(chapter, canary).map(|on| format!(", waiting for {on}"));
            let (phase, at) = (chapter.end().phase, time(chapter.until));
            format!("it would not have ended: {phase} at {at}{}", waits.unwrap_or_default())
        }
    }
}

fn subject(chapter: &Chapter<'_>) -> String {
    match &chapter.of {
        Of::Setup => "The primary".into(),
        Of::Run(revision) => revision.to_string(),
        Of::Deletion => "The Canary".into(),
    }
}

/// How it ended, as the rest of a sentence.
fn ending(chapter: &Chapter<'_>, canary: &Rollout) -> String {
    let Ended { how, at, .. } = &chapter.ended;
    let until = time(chapter.until);
    let took = at.map(|(_, done)| done.saturating_sub(chapter.began()));
    let at = at.map(|(_, done)| match took {
        Some(took) if !took.is_zero() => format!("at {}, after {}", time(done), time(took)),
        Some(_) | None => format!("at {}", time(done)),
    });
    let at = at.unwrap_or_default();
    match how {
        Ending::Initialized => format!("was set up {at}"),
        Ending::TakenOver => format!("was taken over from Flagger {at}"),
        Ending::Promoted { skipped: false } => format!("was promoted {at}"),
        Ending::Promoted { skipped: true } => format!("was promoted without analysis {at}"),
        Ending::RolledBack(why) => format!("was rolled back {at}: {}", cause(why)),
        Ending::PromotionFailed { why } => {
            format!(
                "was not promoted: the primary did not get ready with it; the promotion failed {at}: {why}"
            )
        }
        Ending::Withdrawn => format!("was withdrawn {at}, before it had started"),
        Ending::Replaced(new) if new.to_string() == subject(chapter) => {
            format!("had not ended when its configuration changed at {until}")
        }
        Ending::Replaced(new) => format!("had not ended when {new} replaced it at {until}"),
        Ending::StartedOver => format!("was started over at {until}"),
        Ending::ShapeChanged => {
            format!("had not ended when strategy, service or target was replaced at {until}")
        }
        Ending::Deleted => format!("had not ended when the Canary was deleted at {until}"),
        Ending::Released => format!("was deleted {at}"),
        Ending::UnderWay => {
            let on = waits::at_the_end(chapter, canary);
            let on = on.map_or_else(|| "the story ends here".into(), |on| format!("it waits for {on}"));
            let end = chapter.end();
            match chapter.of {
                Of::Setup => format!("is not set up at {until}: {on}"),
                Of::Run(_) if end.phase.is_idle() => format!("has not begun at {until}: {on}"),
                Of::Run(_) => format!("is undecided at {until}, in phase {}: {on}", end.phase),
                Of::Deletion => format!("is not deleted at {until}: {on}"),
            }
        }
    }
}

/// What happened before its first decision.
fn began(story: &Story, chapter: &Chapter<'_>) -> String {
    let Some(first) = chapter.moments.first() else { return String::new() };
    let at = time(first.at);
    // A request is answered before what it asks for begins, at the same time.
    let instant = story.moments.iter().filter(|moment| moment.at == first.at);
    let before = instant.take_while(|moment| !std::ptr::eq(*moment, first));
    let happened = before.chain([first]).flat_map(|moment| moment.happened.iter().map(String::as_str));
    let how = match happened.collect::<Vec<_>>().as_slice() {
        [] => "it began".into(),
        happened => happened.join(", and "),
    };
    format!("At {at} {how}.{}", first_rule(chapter))
}

/// The meaning of the rule that began it.
fn first_rule(chapter: &Chapter<'_>) -> String {
    let first = chapter.moments.first().filter(|_| matches!(chapter.of, Of::Run(_)));
    first.map(|first| format!(" {}", first.decision.rule.meaning())).unwrap_or_default()
}

/// The rule that ended it, with its meaning.
fn by_rule(chapter: &Chapter<'_>) -> Option<String> {
    let (rule, (decided, done)) = (chapter.ended.rule?, chapter.ended.at?);
    let later = if done > decided { format!(" It was done at {}.", time(done)) } else { String::new() };
    Some(format!("Rule {} at {}: {}{later}", rule_name(rule), time(decided), rule.meaning()))
}

/// What happened in the world until the end, and the notices about people and trouble.
fn meanwhile(story: &Story, chapter: &Chapter<'_>) -> Vec<String> {
    let mut told = Vec::new();
    for (i, moment) in chapter.moments.iter().take(chapter.ended.moments).enumerate() {
        let happened = moment.happened.iter().filter(|_| i > 0);
        told.extend(happened.map(|what| format!("At {} {what}.", time(moment.at))));
        let news = born(moment).filter(|notice| is_news(&notice.message));
        told.extend(news.map(|notice| {
            format!("At {}: {}.", time(moment.at), notice.message.text(&story.canary, &story.topology))
        }));
    }
    shortened(told)
}

/// What happened after it had ended.
fn afterwards(story: &Story, chapter: &Chapter<'_>) -> Vec<String> {
    let mut told = Vec::new();
    for moment in chapter.moments.iter().skip(chapter.ended.moments) {
        told.extend(moment.happened.iter().map(|what| format!("At {} {what}.", time(moment.at))));
        told.extend(born(moment).map(|notice| {
            format!("At {}: {}.", time(moment.at), notice.message.text(&story.canary, &story.topology))
        }));
    }
    shortened(told)
}

fn shortened(mut told: Vec<String>) -> Vec<String> {
    const MOST: usize = 8;
    if told.len() > MOST {
        let more = told.len() - MOST;
        told.truncate(MOST);
        told.push(format!("… and {more} more."));
    }
    told
}

/// Whether a message is about people or trouble; other messages have their own topics.
fn is_news(message: &Message) -> bool {
    match message {
        Message::RequestGranted { .. }
        | Message::RequestRefused { .. }
        | Message::Suspended
        | Message::Resumed
        | Message::Invalid { .. }
        | Message::RoutesRepaired
        | Message::ObjectsRepaired
        | Message::Contested { .. }
        | Message::CommandFailed { .. }
        | Message::CommandStillFails { .. }
        | Message::HeldUp(_)
        | Message::Concern(_)
        | Message::NotReady { .. }
        | Message::Stalled(_)
        | Message::CanaryLeft { .. }
        | Message::CanaryBack(_)
        | Message::ServingCopy { .. }
        | Message::PrimaryDown { .. }
        | Message::CheckVoid(_)
        | Message::RollbackWaits => true,
        Message::TakenOver
        | Message::RollbackHooks { .. }
        | Message::Initialized
        | Message::NewRevision(_)
        | Message::Restarted(_)
        | Message::AnalysedInPlace(_)
        | Message::Withdrawn(_)
        | Message::Started
        | Message::Advanced(_)
        | Message::HookPassed { .. }
        | Message::GateClosed { .. }
        | Message::CheckFailed { .. }
        | Message::CheckHeld(_)
        | Message::RollingBack(_)
        | Message::Rejected { .. }
        | Message::CanaryFailed
        | Message::PromotionStarted(_)
        | Message::PrimaryAdvanced(_)
        | Message::PrimaryTakesAll
        | Message::Promoted { .. }
        | Message::PromotionFailed { .. }
        | Message::PrimaryRecovered
        | Message::OwedHookFailed { .. }
        | Message::ShapeChanged
        | Message::Terminating => false,
    }
}

/// Every notice that was sent, once.
fn notices(story: &Story, chapter: &Chapter<'_>) -> Vec<SentNotice> {
    let mut told: Vec<SentNotice> = Vec::new();
    for notice in chapter.moments.iter().flat_map(|moment| &moment.sent) {
        let id = notice.id.to_string();
        if !told.iter().any(|known| known.id == id) {
            told.push(SentNotice {
                id,
                r#type: notice.message.event_type(),
                text: notice.message.text(&story.canary, &story.topology),
                alert: notice.message.alert(),
            });
        }
    }
    told
}

/// The number of notices, and every alert.
fn told(notices: &[SentNotice]) -> Vec<String> {
    let alerts: Vec<&SentNotice> = notices.iter().filter(|notice| notice.alert.is_some()).collect();
    if notices.is_empty() {
        return Vec::new();
    }
    let which = match alerts.len() {
        0 => "no alert among them.".to_string(),
        alerts => format!("{} among them:", count(alerts, "alert")),
    };
    let mut told = vec![format!("{}, {which}", count(notices.len(), "event"))];
    told.extend(alerts.iter().map(|alert| {
        let severity = alert.alert.map_or("", Severity::name);
        format!("{severity}: {}.", alert.text)
    }));
    told
}
