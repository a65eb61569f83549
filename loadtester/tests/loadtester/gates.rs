//! Gates, as hooks of Canaries see them.

use serde_json::json;

use crate::program::{LoadTester, run};

#[test]
fn a_gate_is_closed_until_a_hook_opens_it_and_belongs_to_one_canary() {
    run(async {
        let tester = LoadTester::start(&[]).await;
        let none = json!({});
        let closed = (403, "Forbidden".to_owned());
        for kind in ["gate", "rollback"] {
            let ask = async |verb: &str| tester.hook(&format!("/{kind}/{verb}"), none.clone()).await;
            assert_eq!(ask("check").await, closed);
            assert_eq!(ask("open").await, (202, String::new()));
            assert_eq!(ask("check").await, (200, "Approved".into()));
            let other = json!({"name": "other", "namespace": "prod"}).to_string();
            assert_eq!(tester.post(&format!("/{kind}/check"), other).await, closed);
            assert_eq!(ask("close").await, (202, String::new()));
            assert_eq!(ask("check").await, closed);
        }
        let checks = "serin_loadtester_gate_checks_total{gate=\"rollback\",answer=\"closed\"} 3";
        tester.until_measured(checks).await;
    });
}

#[test]
fn some_gates_are_always_open_or_closed() {
    run(async {
        let tester = LoadTester::start(&[]).await;
        assert_eq!(tester.post("/gate/approve", "").await, (200, "OK".into()));
        assert_eq!(tester.post("/gate/halt", "").await, (403, "Forbidden".into()));
        assert_eq!(tester.post("/healthz", "").await, (200, "OK".into()));
    });
}
