//! Expectations about the requests of users.

use super::{Broken, Held};
use crate::{record::Story, scenario::Requests};

pub(super) fn requests(wanted: &Requests, story: &Story) -> Held {
    let broken = |actual: String| Err(Broken { actual, broke_at: None });
    // This is refused when the file is read. Only shrinking can remove the simulated part of a world.
    let Some(users) = story.users else { return broken("requests are not simulated".into()) };
    for (name, bounds, count) in wanted.each(&users) {
        if bounds.is_some_and(|bounds| !bounds.hold(count, users.requests)) {
            let share = 100.0 * count as f64 / users.requests.max(1) as f64;
            return broken(format!("{name} {count} of {} requests ({share:.3}%)", users.requests));
        }
    }
    Ok(())
}
