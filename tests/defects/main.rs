//! The defects that `tests/core` finds: each one that is planted in the core, and none if none is planted.
//!
//! A defect is a patch in the folder `patches`. All of them are applied to one copy of the core, where each asks if it is
//! planted, so that the tests are compiled once. No defect is in the core that is shipped. The target `worlds` runs
//! `serin check` over the same patches, and over those in the folder `worlds`, which no test of the core finds.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

mod defect;
#[path = "../support/process.rs"]
mod process;
mod runs;
mod shipped;
mod workspace;

use std::env;

use rayon::{ThreadPoolBuilder, prelude::*};

use crate::{defect::Defect, runs::run, workspace::Workspace};

/// How many run at the same time.
const AT_ONCE: usize = 2;

#[test]
fn every_defect_is_found_and_none_where_none_is_planted() {
    let defects = Defect::all_in("patches");
    assert!(!defects.is_empty(), "there are patches");
    // Tests read the documents, too.
    let paths = ["tests/core", "tests/src", "tests/support", "docs", "README.md"];
    let mut workspace = Workspace::with(&defects, &["core", "tests"], &paths);
    workspace.put("tests/Cargo.toml", include_str!("tests.toml"));
    // target/debug/deps/defects-0123: dependencies that both need are built once.
    let program = env::current_exe().unwrap();
    let target = program.ancestors().nth(3).unwrap();
    let args = ["test", "--package=serin-tests", "--test=core", "--no-run"];
    let program = workspace.build("defects", target, &args);

    let names = defects.iter().map(|defect| Some(&*defect.name));
    let planted: Vec<Option<&str>> = [None].into_iter().chain(names).collect();
    let pool = ThreadPoolBuilder::new().num_threads(AT_ONCE).build().unwrap();
    let runs = || planted.par_iter().map(|name| (*name, run(&program, *name))).collect();
    let runs: Vec<_> = pool.install(runs);

    let mut missed = Vec::new();
    for (name, run) in runs {
        let name = name.unwrap_or("none");
        let found_by = run.found_by.as_deref().unwrap_or("no test");
        println!("{name:<32} {:>5.1} s  {found_by}", run.took.as_secs_f32());
        if run.found_by.is_some() == (name == "none") {
            missed.push(format!("{name}: found by {found_by}"));
        }
    }
    assert!(
        missed.is_empty(),
        "expected a test for each defect and none where none is planted:\n{missed:#?}"
    );
}
