//! The numbers in the page are the numbers that were computed.

use serde_json::{Value, json};

use crate::{reports, tab::Open};

#[test]
fn a_run_shows_what_was_counted() {
    let report = reports::run();
    let Some(open) = Open::page(&report.url()) else { return };
    let field = |name: &str| {
        open.value(&format!("+document.querySelector('dl.figures [data-field={name}] data').value"))
    };
    for name in ["requests", "failed", "canary", "canaryFailed", "decisions"] {
        assert_eq!(field(name).as_f64(), report.json[name].as_f64(), "{name}");
    }
    // The answers of both copies add up to all, in the table and slice by slice.
    let column = |copy: &str, place: usize| {
        let cell = format!(
            "document.querySelector('tr[data-copy={copy}]').cells[{place}].querySelector('data').value"
        );
        open.value(&format!("+{cell}")).as_u64().unwrap()
    };
    assert_eq!(column("both", 1), report.json["requests"].as_u64().unwrap());
    assert_eq!(column("both", 2), report.json["failed"].as_u64().unwrap());
    assert_eq!(column("canary", 2), report.json["canaryFailed"].as_u64().unwrap());
    let slices = |place: usize| {
        let cells = format!(
            "[...document.querySelectorAll('#run1-failed tbody tr')].map(row => +row.cells[{place}].querySelector('data').value)"
        );
        open.value(&format!("{cells}.reduce((sum, value) => sum + value, 0)")).as_u64().unwrap()
    };
    assert_eq!((slices(2), slices(3)), (column("canary", 2), column("primary", 2)));
    // Every measurement is a mark in a chart and a row in its table.
    let signs = open.value("document.querySelectorAll('figure[id^=run1-metric] .drawing use.sign').length");
    let rows = open.value("document.querySelectorAll('figure[id^=run1-metric] tbody tr').length");
    assert_eq!([&signs, &rows], [&report.json["measured"]; 2]);
}

#[test]
fn a_sweep_shows_what_was_counted() {
    let report = reports::swept();
    let Some(open) = Open::page(&report.url()) else { return };
    let points = report.json["points"].as_array().unwrap();
    assert_eq!(cells(&open, "table.points tbody tr", "falseRollback").len(), points.len());
    let numbers =
        |name: &str| points.iter().map(|point| point["numbers"][name].clone()).collect::<Vec<Value>>();
    for (field, names) in [
        ("falseRollback", &["falseRollback", "falseRollbackLow", "falseRollbackHigh"][..]),
        ("missedRegression", &["missedRegression", "missedRegressionLow", "missedRegressionHigh"]),
        ("toPromote", &["toPromoteHalf", "toPromoteMost"]),
        ("toRollBack", &["toRollBackHalf", "toRollBackMost"]),
    ] {
        agree(
            &cells(&open, "table.points tbody tr", field),
            &names.iter().map(|name| numbers(name)).collect::<Vec<_>>(),
        );
    }
    // The shares of the reasons are those that were counted, and add up to all rollbacks.
    let reasons = points.iter().map(|point| {
        let reasons = point["reasons"].as_array().unwrap().iter();
        reasons.map(|reason| reason["share"].as_f64().unwrap()).collect::<Vec<f64>>()
    });
    let reasons: Vec<Vec<f64>> = reasons.collect();
    assert_eq!(cells(&open, "table.points tbody tr", "reasons"), reasons);
    for (shares, rolled_back) in reasons.iter().zip(numbers("rolledBack")) {
        let sum: f64 = shares.iter().sum();
        assert!((sum - 1.0).abs() < 1e-9 || rolled_back == json!(0), "{shares:?} of {rolled_back}");
    }
    for (field, name) in
        [("canaryRequests", "canaryRequests"), ("canaryFailed", "canaryFailed"), ("failed", "failed")]
    {
        let (all, runs) = (numbers(name), numbers("runs"));
        let each =
            all.iter().zip(&runs).map(|(all, runs)| json!(all.as_f64().unwrap() / runs.as_f64().unwrap()));
        agree(&cells(&open, "table.points tbody tr", field), &[each.collect()]);
    }
}

#[test]
fn a_search_shows_what_was_found() {
    let report = reports::tuned();
    let Some(open) = Open::page(&report.url()) else { return };
    let choices = report.json["choices"].as_array().unwrap();
    assert!(!choices.is_empty());
    let numbers =
        |name: &str| choices.iter().map(|choice| choice["numbers"][name].clone()).collect::<Vec<Value>>();
    agree(
        &cells(&open, "ol.choices > li", "toPromote"),
        &[numbers("toPromoteHalf"), numbers("toPromoteMost")],
    );
    agree(
        &cells(&open, "ol.choices > li", "missedRegression"),
        &[numbers("missedRegression"), numbers("missedRegressionLow"), numbers("missedRegressionHigh")],
    );
    // Today's policy comes first, in the table of the chart and before the others.
    let baseline = &report.json["baseline"];
    let first = open.value("document.querySelector('#frontier tbody tr').cells[0].textContent");
    assert_eq!(first, json!("today"));
    agree(
        &cells(&open, "#today", "toPromote"),
        &["toPromoteHalf", "toPromoteMost"].map(|name| vec![baseline["numbers"][name].clone()]),
    );
    let banner = match report.json["met"].as_str().unwrap() {
        "yes" => "verdict good",
        "no" => "verdict bad",
        _ => "verdict stopped",
    };
    assert_eq!(open.value("document.querySelector('.verdict').className"), json!(banner));
    let pasted =
        open.value("[...document.querySelectorAll('.choices pre.manifest')].map(lines => lines.textContent)");
    let manifests: Vec<Value> = choices.iter().map(|choice| choice["manifest"].clone()).collect();
    assert_eq!(pasted, json!(manifests));
}

/// The values of a field in all rows.
fn cells(open: &Open, rows: &str, field: &str) -> Vec<Vec<f64>> {
    let shown = open.value(&format!(
        "[...document.querySelectorAll('{rows}')].map(row => \
         [...row.querySelectorAll('[data-field={field}] data')].map(data => +data.value))"
    ));
    serde_json::from_value(shown).unwrap()
}

/// Rows of the page and columns of the JSON. If there is no number, the page shows none.
fn agree(shown: &[Vec<f64>], columns: &[Vec<Value>]) {
    for (i, row) in shown.iter().enumerate() {
        let expected: Vec<f64> = columns.iter().filter_map(|column| column[i].as_f64()).collect();
        assert_eq!(*row, expected, "row {i}");
    }
    assert!(columns.iter().all(|column| column.len() == shown.len()));
}
