//! The rules of a route, the same for every router that matches requests: whom each is for and where it sends them.

use serin_core::{
    command::{Cookies, Split},
    spec::HttpMatch,
    strategy::Weight,
};

use super::{affinity, matching};
use crate::{object::reader::BuildError, subject::Subject};

/// One rule; the first that fits a request decides.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    /// Requests it is for, any of these; empty: all.
    pub(super) matches: Vec<HttpMatch>,
    /// Where it sends them.
    pub(super) to: To,
    /// Percentage that is copied to the canary.
    pub(super) mirror: Option<Weight>,
    /// Set-Cookie header of every answer.
    pub(super) set_cookie: Option<String>,
}

/// Where a rule sends requests.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum To {
    /// To the service people call, as if there were no router.
    Apex,
    /// To the primary.
    Primary,
    /// To both, by weights that make 100.
    Both { primary: Share, canary: Share },
}

/// What one version gets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Share {
    /// Percentage of the requests.
    pub(super) weight: Weight,
    /// Set-Cookie header of its answers.
    pub(super) set_cookie: Option<String>,
}

/// The rules for a division, in order: users who carry a cookie of the run, what is divided, the rest.
///
/// Where `analysis.match` is given there is a rule for the rest also while nobody is on the canary, and none when
/// everybody is.
///
/// # Errors
/// The routes that stand there divide matched requests, and the manifest no longer says which.
pub(super) fn of(subject: &Subject, split: &Split) -> Result<Vec<Rule>, BuildError> {
    let (routes, routing) = (split.routes, subject.routing());
    let everyone = routing.requests.clone();
    let matched = matching::divided(routing, routes)?;
    let divides_matched = !matched.is_empty();
    let divided = if divides_matched { matching::within(&matched, &everyone) } else { everyone.clone() };
    let both = |primary: Weight, canary: Weight| To::Both {
        primary: Share { weight: primary, set_cookie: None },
        canary: Share { weight: canary, set_cookie: None },
    };
    let with_cookie = |cookie: &str, of: &[HttpMatch], to: To| Rule {
        matches: matching::within(&[matching::with_cookie(cookie)], of),
        to,
        mirror: routes.mirror,
        set_cookie: None,
    };
    let mut rules = Vec::new();
    let mut to = both(routes.primary, routes.canary);
    let Cookies { canary, primary, previous } = &split.cookies;
    if routes.canary > 0 {
        if let Some(cookie) = canary {
            rules.push(with_cookie(cookie, &divided, both(0, 100)));
        }
        // Where nobody is to be on the primary, a cookie keeps nobody there.
        if let Some(cookie) = primary.as_ref().filter(|_| routes.primary > 0) {
            rules.push(with_cookie(cookie, &divided, both(100, 0)));
        }
        if let To::Both { primary: to_primary, canary: to_canary } = &mut to {
            let of_canary = |cookie| affinity::canary_cookie(&routing.cookies, cookie);
            to_canary.set_cookie = canary.as_deref().map(of_canary);
            let of_primary = |cookie| affinity::primary_cookie(&routing.cookies, cookie);
            to_primary.set_cookie = primary.as_deref().map(of_primary);
        }
    } else if let Some(cookie) = previous {
        let set_cookie = Some(affinity::deletion(&routing.cookies, cookie));
        rules.push(Rule { set_cookie, ..with_cookie(cookie, &everyone, to.clone()) });
    }
    rules.push(Rule { matches: divided, to, mirror: routes.mirror, set_cookie: None });
    if divides_matched {
        let mirror = routes.mirror.filter(|_| !routes.matched);
        rules.push(Rule { matches: everyone, to: To::Primary, mirror, set_cookie: None });
    }
    Ok(rules)
}

/// The one rule that gives everything back to the service people call.
pub(super) fn given_back(subject: &Subject) -> Rule {
    Rule { matches: subject.routing().requests.clone(), to: To::Apex, mirror: None, set_cookie: None }
}
