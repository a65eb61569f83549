use serde_json::Value;
use serin_core::{
    phase::Phase,
    question::{Asked, QuestionId},
    revision::Revision,
};

use super::{payload::checksum, *};
use crate::tests::subject;

fn calls(hooks: &str) -> Vec<Result<Request, Text>> {
    let (subject, rollout) = subject(&format!(
        "{{targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}, service: {{name: front, port: 80}}, \
         analysis: {{interval: 1m, threshold: 1, stepWeight: 10, webhooks: {hooks}}}}}"
    ));
    let call = |hook: &Hook| {
        let id = QuestionId { run: 3, check: 2, of: Asked::Hook(hook.key.clone()) };
        let revision = Revision::of("abc");
        let phase = Phase::Progressing;
        request(&subject, hook, &Question { id, phase, weight: 20, iterations: 4, revision, until: None })
    };
    rollout.hooks().iter().map(call).collect()
}

fn shown(request: &Request) -> String {
    let headers: String =
        request.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.reveal())).collect();
    let body = match serde_json::from_str::<Value>(&request.body) {
        Ok(body) => serde_json::to_string_pretty(&body).unwrap(),
        Err(_) => request.body.clone(),
    };
    format!("{} {}\n{headers}\n{body}\n", request.method, request.url)
}

#[test]
fn snap_a_hook_is_sent_flaggers_payload_or_its_own_request() {
    let hooks = r#"[
        {name: load test, url: 'http://loadtester/', timeout: 5s, metadata: {type: cmd, cmd: 'hey {{canaryWeight}}/{{ iterations }} http://{{ service }}.{{ namespace }}/ # {{ other }} {{ .x }} {{ name', "é": "{{ phase }} {{ target }}"}},
        {name: bare, url: 'http://gate/check?a=b', type: confirm-promotion},
        {name: flag, url: 'http://flags/api', metadata: {method: put, body: '{"flag": "x", "for": "{{ name }}"}'}},
        {name: tell, url: 'https://hooks.slack.com/services/T0/B0/key', type: rollback}]"#;
    let calls: Vec<String> = calls(hooks).iter().map(|call| shown(call.as_ref().unwrap())).collect();
    insta::assert_snapshot!(calls.join("\n"));
}

#[test]
fn a_call_is_bounded_and_shows_no_credential() {
    let hooks = "[{name: tell, url: 'https://user:pw@hooks.slack.com/services/key?a=b', disableTLS: true, timeout: 7s}, \
                 {name: told, url: 'https://discord.com/api/webhooks/1/key?a=b'}]";
    let calls = calls(hooks);
    let shown: Vec<_> = calls.iter().map(|call| format!("{:?}", call.as_ref().unwrap())).collect();
    assert_eq!(shown, ["POST https://hooks.slack.com", "POST https://discord.com"]);
    let call = calls[0].as_ref().unwrap();
    assert_eq!((call.timeout, call.insecure, call.most), (Duration::from_secs(7), true, 2048));
}

#[test]
fn an_invalid_method_is_refused() {
    let calls = calls("[{name: a, url: 'http://x', metadata: {method: 'GET /', body: ''}}]");
    assert_eq!(
        calls[0].clone().unwrap_err().to_string(),
        "metadata.method `GET /` of hook a is not an HTTP method"
    );
}

#[test]
fn any_2xx_passes_and_its_text_is_kept_in_one_line() {
    let reply = |status, body: &str| {
        Ok(Reply { status, retry_after: None, body: body.as_bytes().to_vec(), cut: None })
    };
    let place = "http://gate".to_owned();
    let error = Err(HttpError { place, why: "connection refused".into(), is_temporary: true });
    assert_eq!(answer(&reply(204, ""), 1), HookResult::Pass("".into()));
    assert_eq!(answer(&reply(203, " all\n\tgood\0"), 1), HookResult::Pass("all good".into()));
    assert_eq!(answer(&reply(403, "not yet"), 1), HookResult::Deny("403 Forbidden: not yet".into()));
    assert_eq!(answer(&reply(302, ""), 1), HookResult::Deny("302 Found".into()));
    assert_eq!(
        answer(&reply(500, "boom"), 3),
        HookResult::Deny("500 Internal Server Error: boom (tried 3 times)".into())
    );
    assert_eq!(answer(&error, 1), HookResult::Deny("http://gate: connection refused".into()));
    let HookResult::Pass(said) = answer(&reply(200, &"ä".repeat(2000)), 1) else { panic!() };
    assert!(said.len() <= MOST_SAID && said.ends_with("ä…"), "{}", said.len());
}

#[test]
fn a_hook_is_retried_as_its_answer_asks_and_after_connection_errors() {
    let asking =
        |status| Ok(Reply { status, retry_after: Some(Duration::from_secs(7)), body: Vec::new(), cut: None });
    let lost = |is_temporary| Err(HttpError { place: String::new(), why: String::new(), is_temporary });
    assert_eq!([asking(503), asking(500), lost(true)].map(|it| wait(1, &it).as_secs()), [7, 2, 2]);
    let again = [asking(503), asking(404), lost(true), lost(false)].map(|it| is_worth_another(&it));
    assert_eq!(again, [true, false, true, false]);
}

#[test]
fn a_checksum_identifies_a_revision() {
    let (a, b) = (Revision::of("a"), Revision::of("b"));
    assert_eq!(checksum(&a), checksum(&a.clone()));
    assert_ne!(checksum(&a), checksum(&b));
}
