//! What holds for every metric system that is asked: where requests go, what they show, and what hostile answers mean.

use std::time::Duration;

use serin_core::{provider::Address, spec::MetricSystem};

use super::{
    Provider, of, provider,
    testing::{NOW, api_request, every_key, passes, query, read, reply, request, source, without_secret},
};
use crate::http::{MOST_READ, Reply, Request, secret::Secret};

fn driven() -> impl Iterator<Item = (MetricSystem, &'static dyn Provider)> {
    MetricSystem::ALL.into_iter().filter_map(|system| Some((system, of(system)?)))
}

/// Those that are asked at an address, and not at the API server.
fn addressed() -> impl Iterator<Item = (MetricSystem, &'static dyn Provider)> {
    driven().filter(|(system, _)| *system != MetricSystem::Keptn)
}

/// An answer of each system with the value 1.5.
fn good(system: MetricSystem) -> &'static str {
    match system {
        MetricSystem::Datadog => r#"{"status": "ok", "series": [{"scope": "*", "pointlist": [[1, 1.5]]}]}"#,
        MetricSystem::Dynatrace => r#"{"result": [{"metricId": "m", "data": [{"values": [1.5]}]}]}"#,
        MetricSystem::Graphite => r#"[{"target": "a", "datapoints": [[1.5, 1]]}]"#,
        MetricSystem::InfluxDb => "#datatype,string,double\n,result,_value\n,r,1.5\n",
        MetricSystem::NewRelic => r#"{"results": [{"result": 1.5}]}"#,
        MetricSystem::Prometheus => {
            r#"{"data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "1.5"]}]}}"#
        }
        MetricSystem::Webhook => r#"{"value": 1.5}"#,
        MetricSystem::ExternalMetrics => r#"{"items": [{"metricLabels": {}, "value": "1.5"}]}"#,
        MetricSystem::Keptn => r#"{"status": {"value": "1.5"}}"#,
        MetricSystem::CloudWatch => r#"{"MetricDataResults": [{"Id": "m", "Values": [1.5]}]}"#,
        MetricSystem::Splunk => "event: data\ndata: {\"data\": [{\"tsId\": \"a\", \"value\": 1.5}]}\n\n",
        MetricSystem::Stackdriver => "",
    }
}

#[test]
fn requests_go_to_the_templates_address_and_nowhere_else() {
    for (system, provider) in addressed() {
        let source = source(system, query(system));
        let both = [
            request(&provider.begin(&source, &every_key(), NOW).unwrap()),
            request(&provider.check(&source, &every_key(), NOW).unwrap()),
        ];
        for request in both {
            let Request { url, stays, timeout, most, .. } = request;
            assert!(url.starts_with("https://metrics.test/base/"), "{system}: {url}");
            assert!(stays && timeout <= Duration::from_secs(15) && most <= MOST_READ, "{system}");
        }
    }
}

#[test]
fn a_system_with_an_address_of_its_own_is_asked_there() {
    for (system, provider) in driven() {
        let begun = provider.begin(&without_secret(system, None), &every_key(), NOW);
        let title = system.descriptor().title;
        match (system.descriptor().address, begun) {
            (Address::Default(address), Ok(exchange)) => assert!(request(&exchange).url.starts_with(address)),
            (Address::Required, Err(why)) => assert_eq!(&*why, format!("the {title} address is no URL")),
            (Address::Implied, Ok(exchange)) if system == MetricSystem::CloudWatch => {
                assert!(request(&exchange).url.starts_with("https://monitoring.eu-west-1.amazonaws.com/"));
            }
            (Address::Implied, Ok(exchange)) => drop(api_request(&exchange)),
            (address, begun) => panic!("{system}: {address:?} {:?}", begun.map(drop)),
        }
    }
}

#[test]
fn a_template_can_add_headers_and_cannot_replace_credentials() {
    for (system, provider) in addressed() {
        let mut source = source(system, query(system));
        let own = request(&provider.begin(&source, &every_key(), NOW).unwrap()).headers;
        let shouted = own.iter().map(|(name, _)| (name.to_uppercase(), vec!["forged".into()]));
        source.headers = shouted.chain([("X-Team".into(), vec!["shop".into()])]).collect();
        let headers = request(&provider.begin(&source, &every_key(), NOW).unwrap()).headers;
        assert_eq!(headers[0], ("X-Team".into(), "shop".into()), "{system}");
        assert_eq!(headers[1..], own, "{system}");
    }
}

#[test]
fn credentials_are_shown_nowhere() {
    let kept = |system: MetricSystem| {
        system
            .descriptor()
            .keys
            .all()
            .into_iter()
            .filter(|key| !matches!(*key, "org" | "newrelic_account_id"))
    };
    for (system, provider) in addressed() {
        let request = request(&provider.begin(&source(system, query(system)), &every_key(), NOW).unwrap());
        let secret = every_key();
        for value in kept(system).map(|key| secret.at(key).unwrap()) {
            assert!(!request.url.contains(value) && !request.body.contains(value), "{system}: {request:?}");
            assert!(!format!("{request:?}{}", request.place()).contains(value), "{system}");
        }
    }
}

#[test]
fn a_secret_without_a_key_is_refused_before_anything_is_sent() {
    for (system, _) in driven() {
        if system.descriptor().keys.0.is_empty() {
            continue;
        }
        let (needed, keys) = (system.descriptor().needs_secret, system.descriptor().keys);
        let lacks = provider(&source(system, "q"), &Secret::default()).map(drop);
        assert_eq!(lacks, Err(format!("Secret keys has to hold {keys}").into()));
        let none = provider(&without_secret(system, None), &Secret::default()).map(drop);
        let title = system.descriptor().title;
        assert_eq!(none.err(), needed.then(|| format!("{title} needs a Secret with {keys}").into()));
        assert!(provider(&source(system, "q"), &every_key()).is_ok());
    }
}

#[test]
fn hostile_answers_are_errors_or_no_value() {
    let deep = "[".repeat(100_000);
    let objects = r#"{"series":{"result":{"results":"#.repeat(20_000);
    let hostile = [
        "",
        " ",
        "\n",
        "\0",
        "null",
        "true",
        "1",
        "1e999",
        "-1e999",
        "\"1\"",
        "[1]",
        "{}",
        "[[]]",
        "[{}]",
        "<html></html>",
        "\u{202e}",
        r#"{"data": 1e400}"#,
        r#"{"series": 1e400}"#,
        r#"{"result": [1e400]}"#,
        r#"{"error": {}}"#,
        "#\n#",
        ",,,",
        "#datatype\n_value\n_value",
        "error,reference",
        ",error,reference\n,",
        "\"",
        "a\"b\nc",
        &deep,
        &objects,
    ];
    for (system, _) in driven() {
        for status in [199, 200, 204, 302, 400, 429, 500, 999] {
            for body in hostile {
                let read = read(system, status, body);
                assert!(matches!(read, Err(_) | Ok(None)), "{system} {status} {body:.40}: {read:?}");
                if status != 200 && status != 204 {
                    assert!(read.is_err() && passes(system, status, body).is_err(), "{system} {status}");
                }
            }
        }
    }
}

#[test]
fn whatever_is_cut_off_or_in_the_place_of_the_value_is_harmless() {
    for (system, provider) in driven() {
        let good = good(system);
        assert_eq!(read(system, 200, good), Ok(Some(1.5)), "{system}");
        assert!(read(system, 503, good).is_err(), "{system}");
        for end in 0..good.len() {
            let _ = read(system, 200, &good[..end]);
        }
        for (value, result) in [("NaN", Ok(None)), ("\"x\"", Err(())), ("x", Err(())), ("1.5.2", Err(()))] {
            let read = read(system, 200, &good.replace("1.5", value)).map_err(drop);
            // NaN is no JSON.
            assert!(read == result || read.is_err(), "{system} {value}: {read:?}");
        }
        let begun = provider.begin(&source(system, query(system)), &every_key(), NOW).unwrap();
        let cut = Reply { cut: Some("the answer is too long".into()), ..reply(200, good) };
        assert_eq!(begun.next(&cut).map(drop), Err("the answer is too long".into()), "{system}");
    }
}

#[test]
fn a_system_that_is_asked_too_often_says_for_how_long() {
    for (system, provider) in driven() {
        let begun = || provider.begin(&source(system, query(system)), &every_key(), NOW).unwrap();
        let wait = Some(Duration::from_secs(30));
        let limited = Reply { retry_after: wait, ..reply(429, "slow\ndown") };
        let why = "asked too often (to be asked again after 30s): 429 Too Many Requests: slow down";
        assert_eq!(begun().next(&limited).map(drop), Err(why.into()));
        let why = "asked too often: 429 Too Many Requests";
        assert_eq!(begun().next(&reply(429, "")).map(drop), Err(why.into()));
    }
}
