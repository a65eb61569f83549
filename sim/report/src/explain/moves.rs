//! The moves of a chapter: the canary's share, the iterations, the promotion.

use std::time::Duration;

use serin_core::{
    decision::Rule,
    message::{Advance, Message},
};

use super::{
    Exposure,
    chapter::{Chapter, Of, born},
    words::{list, time},
};
use crate::share::{self, Share, routes_after};

/// A share that the canary got.
struct Given {
    at: Duration,
    share: Share,
}

/// The shares of a chapter, in order; the first is from before the chapter.
fn given(chapter: &Chapter<'_>) -> Vec<Given> {
    let mut routes = None;
    let first = Share::of(chapter.before.canary_weight, None);
    let mut given = vec![Given { at: chapter.began(), share: first }];
    for (moment, state) in chapter.standing() {
        routes = routes_after(&moment.commands, routes);
        let share = Share::of(state.canary_weight, routes);
        if given.last().is_none_or(|last| last.share != share) {
            given.push(Given { at: moment.at, share });
        }
    }
    given
}

/// The share of users that the canary had just before the chapter ended; `None` if it had none.
pub(super) fn at_the_end(chapter: &Chapter<'_>) -> Option<Share> {
    let mut routes = None;
    let mut share = Share::of(chapter.before.canary_weight, None);
    let before_end = match chapter.ended.at {
        Some(_) => chapter.ended.moments.saturating_sub(1),
        None => chapter.ended.moments,
    };
    for (moment, state) in chapter.standing().take(before_end) {
        routes = routes_after(&moment.commands, routes);
        share = Share::of(state.canary_weight, routes);
    }
    (share.percent() > 0 && share.which() != share::Of::Copies).then_some(share)
}

/// The sentences about the moves.
pub(super) fn told(chapter: &Chapter<'_>) -> Vec<String> {
    let mut told = Vec::new();
    let shares = given(chapter);
    let parts: Vec<String> = shares.iter().skip(1).map(|given| part(given.share, given.at)).collect();
    let at_once = shares.get(1).is_some_and(|second| second.at == shares[0].at);
    if let Some(first) = shares.first().filter(|first| first.share.percent() > 0 && !at_once) {
        told.push(format!("The canary had {}.", part(first.share, first.at)));
    }
    if !parts.is_empty() {
        told.push(format!("The canary got {}.", list(&parts)));
    }
    told.extend(iterations(chapter));
    told.extend(promotion(chapter));
    told
}

fn part(share: Share, at: Duration) -> String {
    let (percent, at) = (share.percent(), time(at));
    match share.which() {
        share::Of::Requests => format!("{percent}% at {at}"),
        share::Of::Matched => format!("{percent}% of the matched requests at {at}"),
        share::Of::Copies => format!("copies of {percent}% at {at}"),
    }
}

fn iterations(chapter: &Chapter<'_>) -> Option<String> {
    let made = chapter.moments.iter().flat_map(|moment| {
        born(moment).filter_map(|notice| {
            let Message::Advanced(Advance::Iteration(made, all)) = notice.message else { return None };
            Some((moment.at, made, all))
        })
    });
    let made: Vec<_> = made.collect();
    let ((from, first, _), (to, last, all)) = (made.first()?, made.last()?);
    if first == last {
        return Some(format!("Iteration {last} of {all} was made at {}.", time(*to)));
    }
    Some(format!("Iterations {first} to {last} of {all} were made from {} to {}.", time(*from), time(*to)))
}

fn promotion(chapter: &Chapter<'_>) -> Vec<String> {
    let Of::Run(revision) = &chapter.of else { return Vec::new() };
    let at = |rule| {
        let moment = chapter.moments.iter().find(|m| m.decision.rule == rule && m.saved.is_some());
        moment.map(|moment| time(moment.at))
    };
    let mut told = Vec::new();
    if let Some(at) = at(Rule::PromotionApplied) {
        told.push(format!("The primary got {revision} at {at}."));
    }
    if let Some(at) = at(Rule::PrimaryTakesAll) {
        told.push(format!("The primary took all traffic at {at}."));
    }
    told
}

/// The largest share of users, when, and for how long. Copies of requests reach no user.
pub(super) fn exposure(chapter: &Chapter<'_>) -> Option<Exposure> {
    let shares = given(chapter);
    let percent = |given: &Given| match given.share.which() {
        share::Of::Requests | share::Of::Matched => given.share.percent(),
        share::Of::Copies => 0,
    };
    let ends = shares.iter().skip(1).map(|next| next.at).chain([chapter.until]);
    let lasted: Vec<Duration> =
        shares.iter().zip(ends).map(|(given, end)| end.saturating_sub(given.at)).collect();
    // A share that was taken back at the same time reached no user.
    let stays = shares.last().map(|last| last.share).filter(|_| chapter.is_last);
    let matters = |given: &Given, lasted: &Duration| !lasted.is_zero() || Some(given.share) == stays;
    let met = || shares.iter().zip(&lasted).filter(|(given, lasted)| matters(given, lasted));
    let worst = met().map(|(given, _)| percent(given)).max().filter(|percent| *percent > 0)?;
    let lasted = met().filter(|(given, _)| percent(given) == worst).map(|(_, lasted)| *lasted).sum();
    let (first, _) = met().find(|(given, _)| percent(given) == worst)?;
    let last = shares.last()?;
    Some(Exposure {
        percent: worst,
        matched: first.share.which() == share::Of::Matched,
        from: first.at,
        lasted,
        lasts: chapter.is_last && percent(last) == worst,
    })
}

/// The same as a sentence.
pub(super) fn users(exposure: Option<Exposure>) -> String {
    let Some(Exposure { percent, matched, from, lasted, lasts }) = exposure else {
        return "Serin sent no user's request to the canary.".into();
    };
    let which = if matched { "the matched requests" } else { "the requests" };
    if lasts {
        return format!("Serin sends {percent}% of {which} to the canary, since {}.", time(from));
    }
    format!(
        "Serin sent at most {percent}% of {which} to the canary, for {}, first at {}.",
        time(lasted),
        time(from)
    )
}
