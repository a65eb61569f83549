//! Every rule of the core is shown by a story.

use rayon::prelude::*;
use serin_core::decision::Rule;
use serin_policy::check::Fired;
use serin_report::replay::replay;
use serin_simulator::scenario::rule_name;

use crate::stories;

#[test]
fn sim_every_rule_fires_in_some_story() {
    let all = stories("").par_iter().map(|path| Fired::of(&replay(path).unwrap().story)).collect::<Vec<_>>();
    let mut fired = Fired::default();
    all.iter().for_each(|story| fired.add(story));

    let never: Vec<String> = fired.never().into_iter().map(rule_name).collect();
    assert_eq!(never, Vec::<String>::new(), "write a story in scenarios/ for each");
    assert_eq!(fired.rules.len(), Rule::ALL.len());
}
