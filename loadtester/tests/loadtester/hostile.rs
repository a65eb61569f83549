//! Requests that are wrong or too much: each is refused with its reason, and others are served.

use serde_json::{Value, json};

use crate::program::{LoadTester, run};

#[test]
fn requests_that_are_no_hooks_are_refused_with_the_reason() {
    run(async {
        let tester = LoadTester::start(&["-namespace-regexp=^prod$"]).await;
        let of = |namespace: &str, metadata: Value| {
            json!({"name": "web", "namespace": namespace, "metadata": metadata}).to_string()
        };
        for (path, body, status, why) in [
            ("/", String::new(), 400, "not what a hook sends"),
            ("/gate/open", "{".into(), 400, "not what a hook sends"),
            ("/gate/open", json!({"namespace": "prod"}).to_string(), 400, "name \"\" is not a valid name"),
            ("/", of("prod", json!({})), 400, "metadata not found in payload"),
            ("/", of("prod", json!({"type": "concord"})), 400, "unknown task type concord"),
            ("/", of("prod", json!({"type": "helm", "cmd": "test 'a"})), 400, "a quote that is not closed"),
            ("/", of("other", json!({"cmd": "true"})), 403, "Forbidden"),
            ("/gate/open", of("other", json!({})), 403, "Forbidden"),
            ("/", " ".repeat(2 * 1024 * 1024), 413, ""),
        ] {
            let start: String = body.chars().take(60).collect();
            let answer = tester.post(path, body).await;
            assert!(answer.0 == status && answer.1.contains(why), "{path} {start}: {answer:?}");
        }
        let metrics = tester.text("/metrics").await;
        let tasks = metrics.lines().filter(|line| line.starts_with("serin_loadtester_tasks_total{"));
        assert_eq!(tasks.count(), 0, "{metrics}");
        assert!(
            metrics.contains("serin_loadtester_refused_requests_total{reason=\"namespace\"} 2"),
            "{metrics}"
        );
    });
}

#[test]
fn a_task_that_never_ends_is_ended_in_time() {
    run(async {
        let tester = LoadTester::start(&["-timeout=500ms"]).await;
        let hook = json!({"type": "bash", "cmd": "echo begun; while :; do :; done"});
        let why = "command echo begun; while :; do :; done failed: begun\n: not ended within 500ms";
        assert_eq!(tester.hook("/", hook).await, (500, why.into()));
    });
}

#[test]
fn a_task_that_prints_without_end_takes_little_memory() {
    run(async {
        let tester = LoadTester::start(&[]).await;
        let cmd = "head -c 1073741824 /dev/zero | tr '\\0' 'x'; grep VmHWM /proc/$PPID/status";
        let hook = json!({"type": "bash", "cmd": cmd, "returnCmdOutput": "true"});
        let (status, output) = tester.hook("/", hook).await;
        assert_eq!(status, 200);
        assert!(output.len() < 70_000 && output.contains(" bytes are left out "), "{}", output.len());
        // The most memory that the load tester has ever used, in KiB.
        let most = output.split("VmHWM:").nth(1).unwrap().trim().trim_end_matches(" kB");
        assert!(most.parse::<u32>().unwrap() < 64 * 1024, "{most}");
    });
}

#[test]
fn more_tasks_than_allowed_are_refused_while_gates_are_answered() {
    run(async {
        let tester = LoadTester::start(&["-max-tasks=1"]).await;
        assert_eq!(tester.hook("/", json!({"cmd": "while :; do :; done"})).await.0, 202);
        let busy = tester.hook("/", json!({"cmd": "true"})).await;
        assert_eq!(busy, (503, "1 tasks run already, and no more may".into()));
        assert_eq!(tester.hook("/gate/check", json!({})).await.0, 403);
    });
}
