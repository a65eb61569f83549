//! Tasks of hooks, by type.

use serde_json::json;

use crate::program::{LoadTester, run, until};

#[test]
fn the_output_of_a_task_is_answered_where_the_hook_asks_for_it() {
    run(async {
        let tester = LoadTester::start(&[]).await;
        let ask = async |extra: &str| {
            tester
                .hook("/", json!({"type": "bash", "cmd": "echo 1 | grep 1", "returnCmdOutput": extra}))
                .await
        };
        assert_eq!(ask("true").await, (200, "1\n".into()));
        assert_eq!(ask("false").await, (200, String::new()));
        let failing = json!({"type": "bash", "cmd": "echo no; exit 3"});
        let answer = tester.hook("/", failing).await;
        assert_eq!(answer, (500, "command echo no; exit 3 failed: no\n: exit status 3".into()));
    });
}

#[test]
fn a_hook_of_any_path_runs_its_task_and_one_of_type_cmd_is_not_waited_for() {
    run(async {
        let tester = LoadTester::start(&[]).await;
        let file = tester.file("go");
        let script = format!("until [ -e {} ]; do :; done; echo ended", file.display());
        let hook = json!({"cmd": script, "logCmdOutput": "true"});
        assert_eq!(tester.hook("/any/path", hook).await, (202, "started".into()));
        tester.until_measured("serin_loadtester_tasks_running{type=\"cmd\"} 1").await;
        std::fs::write(&file, "").unwrap();
        until("its output in the log", async || tester.log().contains("output=\"ended\\n\"").then_some(()))
            .await;
        tester.until_measured("serin_loadtester_tasks_running{type=\"cmd\"} 0").await;
    });
}

#[test]
fn helm_and_kubectl_get_their_arguments_without_a_shell() {
    run(async {
        let tester = LoadTester::start(&[]).await;
        for (kind, program) in [("helm", "helm"), ("helmv3", "helm"), ("kubectl", "kubectl")] {
            tester.install(program);
            let command = "test shop --filter 'name=a b' $(id) ; true";
            let hook = json!({"type": kind, "cmd": command, "returnCmdOutput": "true"});
            let output = "[test][shop][--filter][name=a b][$(id)][;][true]";
            assert_eq!(tester.hook("/", hook).await, (200, output.into()), "{kind}");
        }
    });
}

#[test]
fn a_signal_ends_tasks_answers_their_hooks_and_exits_with_0() {
    run(async {
        let mut tester = LoadTester::start(&[]).await;
        let hook = json!({
            "name": "web", "namespace": "prod", "metadata": {"type": "bash", "cmd": "while :; do :; done"},
        });
        let request = tester.request(reqwest::Method::POST, "/").body(hook.to_string()).send();
        let waiting = tokio::spawn(async move {
            let answer = request.await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        });
        tester.until_measured("serin_loadtester_tasks_running{type=\"bash\"} 1").await;
        assert_eq!(tester.end().await, Some(0), "{}", tester.log());
        let why = "command while :; do :; done failed: : the load tester stops";
        assert_eq!(waiting.await.unwrap(), (500, why.into()));
    });
}
