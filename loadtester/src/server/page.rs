//! The page for people: which gates are closed, since when and by whom, and what the last tasks printed.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::State as Shared,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, SET_COOKIE},
    },
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serin_k8s::clock;
use sha2::{Digest as _, Sha256};

use super::{Service, WrongToken, session::is_same_origin};
use crate::{
    gate::{GateKind, GateName, Known, State},
    task::runner::Finished,
};

const STYLE: &str = include_str!("page.css");

/// The paths below `/page`.
pub(super) fn router() -> Router<Arc<Service>> {
    Router::new().route("/", get(show)).route("/login", post(log_in)).route("/gate", post(set_gate))
}

async fn show(Shared(service): Shared<Arc<Service>>, headers: HeaderMap) -> Response {
    if !service.is_in(&headers) {
        return login(StatusCode::UNAUTHORIZED, None);
    }
    let body = match service.gates.all().await {
        Ok(gates) => html! { (gates_of(&gates)) (results(&service.runner.results())) },
        Err(error) => html! { p role="alert" { (error) } (results(&service.runner.results())) },
    };
    page(StatusCode::OK, &body)
}

async fn log_in(Shared(service): Shared<Arc<Service>>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_same_origin(&headers) {
        return of_another_site();
    }
    let given = field(&body, "token").unwrap_or_default();
    match service.page_token.as_ref().filter(|token| token.is(&given)) {
        Some(token) => {
            let mut response = to_page();
            if let Ok(cookie) = HeaderValue::from_str(&token.set_cookie()) {
                response.headers_mut().insert(SET_COOKIE, cookie);
            }
            response
        }
        None => {
            let mut response = login(StatusCode::FORBIDDEN, Some("The token is wrong."));
            response.extensions_mut().insert(WrongToken);
            response
        }
    }
}

async fn set_gate(Shared(service): Shared<Arc<Service>>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_same_origin(&headers) {
        return of_another_site();
    }
    if !service.is_in(&headers) {
        return login(StatusCode::UNAUTHORIZED, Some("Log in first."));
    }
    let gate = field(&body, "gate").and_then(|gate| gate.parse::<GateName>().ok());
    let state = field(&body, "state");
    let state = [State::Open, State::Closed].into_iter().find(|known| state.as_deref() == Some(known.name()));
    let (Some(gate), Some(state)) = (gate, state) else {
        return page(StatusCode::BAD_REQUEST, &html! { p role="alert" { "The form is not valid." } });
    };
    match service.gates.set(&gate, state, "this page", clock::now()).await {
        Ok(()) => {
            tracing::info!(gate = %gate, state = state.name(), by = "the page", "gate set");
            to_page()
        }
        Err(error) => page(StatusCode::SERVICE_UNAVAILABLE, &html! { p role="alert" { (error) } }),
    }
}

impl Service {
    fn is_in(&self, headers: &HeaderMap) -> bool {
        self.page_token.as_ref().is_some_and(|token| token.is_in(headers))
    }
}

fn field(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn gates_of(gates: &Known) -> Markup {
    html! {
        h2 { "Gates" }
        @if gates.is_empty() { p { "No hook has asked for a gate yet." } } @else {
            table {
                thead { tr {
                    @for title in ["Canary", "Gate", "State", "Since", "By", ""] { th scope="col" { (title) } }
                } }
                tbody { @for (name, gate) in gates { tr {
                    th scope="row" { (name.canary) "." (name.namespace) }
                    td { (meaning(name.kind)) }
                    @match gate {
                        Ok(gate) => {
                            td class=(gate.state.name()) { (gate.state.name()) }
                            td { (String::from(gate.since)) }
                            td { (gate.by) }
                            td { (button(name, opposite(gate.state))) }
                        }
                        Err(why) => {
                            td colspan="3" { "cannot be read: " (why) }
                            td { (button(name, State::Closed)) }
                        }
                    }
                } } }
            }
        }
    }
}

fn button(name: &GateName, state: State) -> Markup {
    let verb = match state {
        State::Open => "Open",
        State::Closed => "Close",
    };
    html! {
        form method="post" action="/page/gate" {
            input type="hidden" name="gate" value=(name);
            input type="hidden" name="state" value=(state.name());
            button { (verb) }
        }
    }
}

const fn opposite(state: State) -> State {
    match state {
        State::Open => State::Closed,
        State::Closed => State::Open,
    }
}

/// What happens while the gate is open.
const fn meaning(kind: GateKind) -> &'static str {
    match kind {
        GateKind::Gate => "continue the release",
        GateKind::Rollback => "roll back the release",
    }
}

fn results(results: &[Arc<Finished>]) -> Markup {
    html! {
        h2 { "Last tasks of this replica" }
        @if results.is_empty() { p { "No task has ended yet." } } @else {
            table {
                thead { tr {
                    @for title in ["Canary", "Began", "Took", "Type", "Command", "Result"] { th scope="col" { (title) } }
                } }
                tbody { @for Finished { canary, task, began, took, ran } in results.iter().map(AsRef::as_ref) { tr {
                    th scope="row" { (canary) }
                    td { (began) }
                    td { (format!("{took:.1?}")) }
                    td { (task.kind) }
                    td { code { (task.command) } }
                    td class=(if ran.end.is_success() { "open" } else { "closed" }) {
                        details { summary { (ran.end) } pre { (ran.output) } }
                    }
                } } }
            }
        }
    }
}

fn login(status: StatusCode, why: Option<&str>) -> Response {
    let form = html! {
        @if let Some(why) = why { p role="alert" { (why) } }
        form method="post" action="/page/login" {
            label { "Token " input type="password" name="token" required autofocus; }
            " " button { "Log in" }
        }
    };
    page(status, &form)
}

fn of_another_site() -> Response {
    page(
        StatusCode::FORBIDDEN,
        &html! { p role="alert" { "The form was sent by the page of another site." } },
    )
}

fn to_page() -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, "/page")]).into_response()
}

fn page(status: StatusCode, body: &Markup) -> Response {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "serin-loadtester" }
                style { (PreEscaped(STYLE)) }
            }
            body { main { h1 { "serin-loadtester" } (body) } }
        }
    };
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    // Without a referrer, browsers hide where a form was sent from.
    let headers = [
        (CONTENT_SECURITY_POLICY, policy.as_str()),
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ];
    let headers = headers.map(|(name, value)| (name, value.to_owned()));
    (status, headers, Html(markup.into_string())).into_response()
}
