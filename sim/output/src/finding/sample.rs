//! Findings with every character that a format has to escape.

use super::{Case, Finding, Level, Suite, UNUSABLE};

pub(super) fn suites() -> Vec<Suite> {
    let odd = Finding {
        level: Level::Error,
        code: "refused",
        file: "deploy/50% off, really: a <b> & \"c\".yaml".into(),
        at: Some((3, 7)),
        field: "spec.analysis[\"a,b:c\"]".into(),
        what: "`\u{1b}[31m\u{0}\u{ffff}` ]]> is 100% wrong\r\nand <b>so</b> on".into(),
        remedy: "write 60s".into(),
        edits: Vec::new(),
    };
    let warning = Finding {
        level: Level::Warning,
        code: "no-metrics",
        file: "deploy/shop.yaml".into(),
        at: None,
        field: String::new(),
        what: "nothing is measured".into(),
        remedy: String::new(),
        edits: Vec::new(),
    };
    let hint = Finding { level: Level::Hint, code: "default-interval", at: Some((1, 1)), ..warning.clone() };
    let gone = Finding {
        level: Level::Error,
        code: UNUSABLE,
        file: "-".into(),
        what: "is empty".into(),
        ..warning.clone()
    };
    let case = |name: &str, file: &str, findings: Vec<Finding>| {
        let is_unusable = findings.iter().any(|finding| finding.code == UNUSABLE);
        Case { name: name.into(), file: file.into(), findings, is_unusable }
    };
    let odd_file = odd.file.clone();
    vec![
        Suite { name: odd_file.clone(), cases: vec![case("Canary shop.prod", &odd_file, vec![odd, hint])] },
        Suite {
            name: "deploy/shop.yaml".into(),
            cases: vec![
                case("Canary cart.prod", "deploy/shop.yaml", vec![warning]),
                case("MetricTemplate lost.prod", "deploy/shop.yaml", Vec::new()),
            ],
        },
        Suite { name: "-".into(), cases: vec![case("-", "-", vec![gone])] },
    ]
}

pub(super) fn findings() -> Vec<Finding> {
    suites().into_iter().flat_map(|suite| suite.cases).flat_map(|case| case.findings).collect()
}
