//! Lines of hey send real load, by the load tester's own generator.

use serde_json::json;

use crate::{
    program::{LoadTester, run, until},
    service::Service,
};

#[test]
fn the_load_test_of_a_hook_reaches_the_service_as_the_line_says() {
    run(async {
        let (tester, service) = (LoadTester::start(&[]).await, Service::start().await);
        let line = format!(
            "hey -n 41 -c 4 -m post -d 'a b' -H \"X-Test: it's\" -T application/json -U me -a u:p \
             -host shop.test '{}'",
            service.url("/api?a=1&b=2")
        );
        assert_eq!(tester.hook("/", json!({"cmd": line})).await, (202, "started".into()));
        tester.until_measured("serin_loadtester_tasks_total{type=\"cmd\",result=\"succeeded\"} 1").await;
        let seen = service.seen();
        assert_eq!((seen.requests, seen.connections), (41, 4));
        let last = seen.last.unwrap();
        assert_eq!((last.line.as_str(), last.body.as_str()), ("POST /api?a=1&b=2", "a b"));
        let headers = ["x-test", "content-type", "user-agent", "authorization", "accept-encoding"];
        let headers = headers.map(|name| last.header(name).to_owned());
        let expected = ["it's", "application/json", "me hey/0.0.1", "Basic dTpw", "gzip"];
        assert_eq!((last.host(), headers), ("shop.test", expected.map(Into::into)));
    });
}

#[test]
fn a_line_with_a_duration_and_a_rate_keeps_both() {
    run(async {
        let (tester, service) = (LoadTester::start(&[]).await, Service::start().await);
        let command = format!("hey -z 1s -q 20 -c 2 {}", service.url("/"));
        let hook = json!({"type": "bash", "cmd": command, "returnCmdOutput": "true"});
        let (status, report) = tester.hook("/", hook).await;
        assert_eq!(status, 200, "{report}");
        // A tick more or less, for each worker.
        let requests = service.seen().requests;
        assert!((10..=42).contains(&requests), "{requests}");
        assert!(report.contains(&format!("  [200]\t{requests} responses\n")), "{report}");
        let total = report.lines().find_map(|line| line.strip_prefix("  Total:\t")).unwrap();
        let total: f64 = total.trim_end_matches(" secs").parse().unwrap();
        assert!((1.0..3.0).contains(&total), "{report}");
    });
}

#[test]
fn lines_of_hey_are_run_wherever_they_are_in_a_script() {
    run(async {
        let (tester, service) = (LoadTester::start(&[]).await, Service::start().await);
        let url = service.url("/status/503");
        let script = format!(
            "# gently\nif [ 50 -eq 50 ]; then\n  hey -n 6 -c 2 \\\n    {url} | grep '\\[503\\]'\nfi\n# hey -n 9 {url}"
        );
        let hook = json!({"type": "bash", "cmd": script, "returnCmdOutput": "true"});
        assert_eq!(tester.hook("/", hook).await, (200, "  [503]\t6 responses\n".into()));
    });
}

#[test]
fn redirects_are_followed_unless_the_line_forbids_it() {
    run(async {
        let (tester, service) = (LoadTester::start(&[]).await, Service::start().await);
        let ask = async |flag: &str| {
            let command =
                format!("hey -n 2 -c 1 {flag} {} | grep '\\[.*\\].*responses'", service.url("/to/x"));
            tester.hook("/", json!({"type": "bash", "cmd": command, "returnCmdOutput": "true"})).await.1
        };
        assert_eq!(ask("").await, "  [200]\t2 responses\n");
        assert_eq!(ask("-disable-redirects").await, "  [302]\t2 responses\n");
        let before = service.seen().connections;
        assert_eq!(ask("-disable-redirects -disable-keepalive").await, "  [302]\t2 responses\n");
        assert_eq!(service.seen().connections - before, 2);
    });
}

#[test]
fn tools_that_are_installed_are_run_and_a_missing_one_is_a_failure_with_its_name() {
    run(async {
        let tester = LoadTester::start(&[]).await;
        let ask = async |command: &str| {
            tester.hook("/", json!({"type": "bash", "cmd": command, "returnCmdOutput": "true"})).await
        };
        for tool in ["k6", "wrk", "hey"] {
            tester.install(tool);
            let answer = ask(&format!("{tool} -d 2m http://shop/")).await;
            assert_eq!(answer, (200, "[-d][2m][http://shop/]".into()), "{tool}");
        }
        let (status, why) = ask("no-such-tool run").await;
        assert_eq!(status, 500);
        assert!(why.contains("no-such-tool: command not found") && why.ends_with("exit status 127"), "{why}");
    });
}

#[test]
fn a_load_test_that_runs_already_is_not_started_again() {
    run(async {
        let (tester, service) = (LoadTester::start(&[]).await, Service::start().await);
        let line = format!("hey -z 1h -q 10 -c 1 {}", service.url("/"));
        let hook = json!({"cmd": line});
        assert_eq!(tester.hook("/", hook.clone()).await, (202, "started".into()));
        until("load", async || (service.seen().requests > 0).then_some(())).await;
        assert_eq!(tester.hook("/", hook).await, (202, "runs already".into()));
        assert_eq!(service.seen().connections, 1);
    });
}
