//! The decisions of a controller, as texts, so that two stories can be compared.

use std::{collections::BTreeMap, fmt::Display};

use serin_core::{Command, question::Asked};
use serin_simulator::{record::Story, scenario::Row};

/// The decisions in a story.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Decisions {
    /// The saved statuses, repeats left out.
    pub(crate) rows: Vec<String>,
    /// The routes that were set, repeats left out.
    routes: Vec<String>,
    /// The answers of each metric and hook, in order.
    asked: BTreeMap<String, Vec<String>>,
}

impl Decisions {
    /// The decisions in the simulator's story.
    pub(crate) fn by(story: &Story) -> Self {
        let mut decisions = Self::default();
        for moment in &story.moments {
            for effect in moment.commands.iter().filter(|effect| effect.failed.is_none()) {
                if let Command::SetRoutes(split) = &effect.command {
                    decisions.routed(&split.routes);
                }
            }
            if let Some(state) = &moment.saved {
                decisions.saved(Row::of(state));
            }
        }
        for call in &story.calls {
            let (Asked::Metric(name) | Asked::Hook(name)) = &call.question.id.of;
            call.answers.iter().for_each(|answer| decisions.asked(name, answer));
        }
        decisions
    }

    /// A status was saved.
    pub(crate) fn saved(&mut self, row: Row) {
        add(&mut self.rows, &row);
    }

    /// Requests are routed there.
    pub(crate) fn routed(&mut self, routes: &impl Display) {
        add(&mut self.routes, routes);
    }

    /// A metric or a hook was asked.
    pub(crate) fn asked(&mut self, name: &str, answer: &impl Display) {
        self.asked.entry(name.into()).or_default().push(answer.to_string());
    }

    /// How many questions were asked.
    pub(crate) fn questions(&self) -> usize {
        self.asked.values().map(Vec::len).sum()
    }

    /// Both side by side, line by line, with differences marked; `None` if there are none.
    pub(crate) fn unlike(&self, other: &Self) -> Option<String> {
        let parts = self.parts().into_iter().zip(other.parts());
        let lines: Vec<String> = parts.flat_map(|(ours, theirs)| side_by_side(&ours, &theirs)).collect();
        (self != other).then(|| lines.join("\n"))
    }

    fn parts(&self) -> [Vec<String>; 3] {
        let asked = self.asked.iter().map(|(name, answers)| format!("{name}: {}", answers.join(" ")));
        let routes = self.routes.iter().map(|routes| format!("routes {routes}"));
        [asked.collect(), routes.collect(), self.rows.clone()]
    }
}

fn side_by_side(left: &[String], right: &[String]) -> Vec<String> {
    let line = |at: usize| {
        let [left, right] = [left, right].map(|lines| lines.get(at).map_or("", String::as_str));
        let mark = if left == right { ' ' } else { '!' };
        format!("{mark} {left:44} {right}").trim_end().to_owned()
    };
    (0..left.len().max(right.len())).map(line).collect()
}

/// Adds a text unless it equals the last one.
fn add(list: &mut Vec<String>, next: &impl Display) {
    let next = next.to_string();
    if list.last() != Some(&next) {
        list.push(next);
    }
}

#[test]
fn differences_are_marked() {
    let [mut ours, mut theirs] = [Decisions::default(), Decisions::default()];
    for decisions in [&mut ours, &mut theirs] {
        decisions.asked("gate", &500);
        decisions.routed(&"100/0");
        decisions.routed(&"100/0");
    }
    assert_eq!(ours.unlike(&theirs), None);
    theirs.asked("gate", &200);
    theirs.routed(&"90/10");
    for decisions in [&mut ours, &mut theirs] {
        decisions.saved(Row(serin_core::Phase::Progressing, 10, 0, 0));
    }
    insta::assert_snapshot!(ours.unlike(&theirs).unwrap(), @r"
    ! gate: 500                                    gate: 500 200
      routes 100/0                                 routes 100/0
    !                                              routes 90/10
      [Progressing, 10, 0, 0]                      [Progressing, 10, 0, 0]
    ");
}
