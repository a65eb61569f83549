//! The load tester's page: a person logs in and opens a gate; the page of another site cannot.

use std::{net::SocketAddr, sync::Arc, thread, time::Duration};

use serin_loadtester::{
    gate::Gates,
    server::{PageToken, Service},
    start::serve,
    task::{
        Tools,
        runner::{Limits, Runner},
    },
    telemetry::Telemetry,
};
use tokio::{
    net::TcpListener,
    runtime,
    sync::{oneshot, watch},
};

use crate::tab::Open;

const TOKEN: &str = "correct horse battery";

/// A load tester with a page, and with no gate yet. It ends with the tests.
fn load_tester() -> SocketAddr {
    let (told, heard) = oneshot::channel();
    thread::spawn(|| {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_stop, stop) = watch::channel(false);
            let telemetry = Arc::new(Telemetry::default());
            let limits = Limits { time: Duration::from_secs(60), tasks: 1 };
            let service = Service {
                runner: Arc::new(Runner::new(
                    limits,
                    Tools::find().unwrap(),
                    telemetry.clone(),
                    stop.clone(),
                )),
                gates: Gates::in_memory(),
                telemetry,
                namespaces: "".parse().unwrap(),
                page_token: Some(PageToken::new(TOKEN).unwrap()),
            };
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            told.send(listener.local_addr().unwrap()).unwrap();
            serve(listener, Arc::new(service), limits.time, stop).await
        })
    });
    heard.blocking_recv().unwrap()
}

/// A hook's question whether the gate is open, sent by the page itself.
fn ask(open: &Open, verb: &str) {
    let body = r#"JSON.stringify({name: "web", namespace: "prod"})"#;
    let ask = format!("var hook = new XMLHttpRequest(); hook.open('POST', '/gate/{verb}', false)");
    open.act(&format!("{ask}; hook.send({body})"), "hook.status > 0");
}

#[test]
fn a_person_with_the_token_opens_a_gate_and_another_site_cannot() {
    let address = load_tester();
    // A page without a policy, from which a hook can be sent.
    let Some(open) = Open::page(&format!("http://{address}/healthz")) else { return };
    ask(&open, "check");
    assert_eq!(open.value("hook.status"), 403);
    open.go(&format!("http://{address}/page"), "document.querySelector('[name=token]') !== null");
    let log_in = format!(
        "document.querySelector('[name=token]').value = '{TOKEN}'; document.forms[0].requestSubmit()"
    );
    open.act(&log_in, "document.querySelector('h2')?.textContent === 'Gates'");
    let row = "[...document.querySelectorAll('tbody tr:first-child > *')].map(cell => cell.textContent).toSpliced(3, 1)";
    let closed = ["web.prod", "continue the release", "closed", "never opened", "Open"];
    assert_eq!(open.value(row), serde_json::json!(closed));
    open.act("document.querySelector('form button').click()", "document.querySelector('td.open') !== null");
    let opened = ["web.prod", "continue the release", "open", "this page", "Close"];
    assert_eq!(open.value(row), serde_json::json!(opened));

    // The same browser, logged in, on the page of somebody else.
    let folder = tempfile::tempdir().unwrap();
    let evil = folder.path().join("evil.html");
    let form = format!(
        "<form method=post action='http://{address}/page/gate'><input name=gate value=gate.web.prod>\
         <input name=state value=closed></form>"
    );
    std::fs::write(&evil, form).unwrap();
    open.go(
        &format!("file://{}", evil.display()),
        "location.protocol === 'file:' && document.forms.length === 1",
    );
    open.act("document.forms[0].submit()", "document.querySelector('[role=alert]') !== null");
    let why = "The form was sent by the page of another site.";
    assert_eq!(open.value("document.querySelector('[role=alert]').textContent"), why);
    open.go(&format!("http://{address}/healthz"), "document.body?.textContent === 'OK'");
    ask(&open, "check");
    assert_eq!(open.value("hook.status"), 200);
    let said = open.said();
    assert!(!said.iter().any(|line| line.contains("Content Security Policy")), "{said:?}");
}
