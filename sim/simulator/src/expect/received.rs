//! Expectations about what event hooks and receivers of alerts got.

use std::collections::BTreeSet;

use super::{Broken, Count, Held};
use crate::{
    record::{Delivery, Receiver, Story},
    scenario::{Listed, Received},
};

pub(super) fn receiver(wanted: &Received, story: &Story) -> Held {
    let told: Vec<&Delivery> =
        story.deliveries.iter().filter(|delivery| is_called(&delivery.to, &wanted.name)).collect();
    let mut known = BTreeSet::new();
    let fits = |delivery: &&&Delivery| wanted.wanted.as_ref().is_none_or(|text| text.fits(&delivery.text));
    // A notice that arrived twice counts once, because a receiver recognizes it by its id.
    let got: Vec<&&Delivery> = told
        .iter()
        .filter(|delivery| delivery.arrived())
        .filter(fits)
        .filter(|delivery| known.insert(delivery.notice))
        .collect();
    let as_wanted = match wanted.times {
        Some(times) => got.len() == times as usize,
        // All deliveries may have failed, but at least one was tried.
        None => !got.is_empty() || wanted.wanted.is_none() && wanted.answers.is_some() && !told.is_empty(),
    };
    if !as_wanted {
        let surplus = wanted.times.and_then(|times| got.get(times as usize)).or(got.last());
        return Err(Broken {
            actual: format!("got one {}", Count(got.len())),
            broke_at: surplus.map(|delivery| delivery.moment),
        });
    }
    let Some(answers) = &wanted.answers else { return Ok(()) };
    let wanted: Vec<_> = answers.iter().map(|answer| answer.outcome).collect();
    let seen: Vec<_> = told.iter().flat_map(|delivery| &delivery.answers).copied().collect();
    if wanted == seen {
        return Ok(());
    }
    Err(Broken {
        actual: format!("answered {}", Listed(&seen)),
        broke_at: told.last().map(|delivery| delivery.moment),
    })
}

/// A key is a name, or a name with a number if several have the same name.
fn is_called(receiver: &Receiver, name: &str) -> bool {
    let (Receiver::Hook(key) | Receiver::Alert(key)) = receiver;
    **key == *name || key.split_once('#').is_some_and(|(first, _)| first == name)
}
