use super::*;

fn read(words: &[&str]) -> Result<Hey, HeyError> {
    Hey::read(words.iter().map(|word| (*word).to_owned()))
}

fn refusal(words: &[&str]) -> String {
    read(words).unwrap_err().to_string()
}

#[test]
fn a_line_without_flags_has_the_defaults_of_hey() {
    let headers = [("Content-Type", "text/html"), ("User-Agent", "hey/0.0.1")];
    let expected = Hey {
        url: "http://shop/".into(),
        method: "GET".into(),
        headers: headers.map(|(name, value)| (name.into(), value.into())).into(),
        host: None,
        body: Body::Text(String::new()),
        credentials: None,
        proxy: None,
        workers: 50,
        end: End::Requests(200),
        rate: None,
        timeout: Some(Duration::from_secs(20)),
        keeps_connections: true,
        accepts_compression: true,
        follows_redirects: true,
        is_http2: false,
        prints_requests: false,
        threads: None,
    };
    assert_eq!(read(&["http://shop/"]), Ok(expected));
}

#[test]
fn flags_are_read_with_one_dash_or_two_joined_or_apart_and_the_last_counts() {
    let line = read(&["-q", "3", "--q=10", "-c=2", "--z", "1m30s", "-host", "shop.test", "http://shop/"]);
    let line = line.unwrap();
    assert_eq!((line.rps(), line.lasts()), (Some(20.0), Some(Duration::from_secs(90))));
    assert_eq!((line.host.as_deref(), line.end), (Some("shop.test"), End::After(Duration::from_secs(90))));
    let line = read(&["-h2", "-disable-keepalive=false", "-o", "csv", "-t", "0", "--", "http://shop/"]);
    let line = line.unwrap();
    assert!(line.is_http2 && line.prints_requests && line.keeps_connections && line.timeout.is_none());
}

#[test]
fn what_follows_the_url_is_ignored() {
    assert_eq!(read(&["http://shop/", "-z", "nothing", "-X"]), read(&["http://shop/"]));
}

#[test]
fn a_header_is_set_once_and_the_user_agent_ends_with_heys() {
    let line = read(&["-H", "x-a: 1", "-H", "X-A: 2:3", "-A", "text/plain", "-U", "me", "http://shop/"]);
    let expected = [
        ("Content-Type", "text/html"),
        ("X-A", "2:3"),
        ("Accept", "text/plain"),
        ("User-Agent", "me hey/0.0.1"),
    ];
    assert_eq!(line.unwrap().headers, expected.map(|(name, value)| (name.into(), value.into())));
}

#[test]
fn requests_last_as_long_as_the_rate_says() {
    let line = read(&["-n", "600", "-q", "1", "-c", "10", "http://shop/"]).unwrap();
    assert_eq!((line.rps(), line.lasts()), (Some(10.0), Some(Duration::from_secs(60))));
    let line = read(&["-n", "600", "http://shop/"]).unwrap();
    assert_eq!((line.rps(), line.lasts()), (None, None));
}

#[test]
fn what_hey_refuses_is_refused_with_the_reason() {
    for (words, why) in [
        (&["-X", "POST", "http://shop/"][..], "hey has no flag -X"),
        (&["-n"], "-n needs a value"),
        (&["-z", "1m"], "the URL is missing"),
        (&["-z", "60", "http://shop/"], "-z 60: expected a duration such as 30s or 2m"),
        (&["-c", "-1", "http://shop/"], "-c -1: expected a whole number"),
        (&["-c", "0", "-z", "1m", "http://shop/"], "-n and -c cannot be smaller than 1"),
        (&["-n", "0", "http://shop/"], "-n and -c cannot be smaller than 1"),
        (&["-n", "4", "-c", "8", "http://shop/"], "-n 4 cannot be less than -c 8"),
        (&["-H", "no colon", "http://shop/"], "-H no colon: expected a header such as \"Accept: text/html\""),
        (&["-o", "json", "http://shop/"], "-o json: expected csv"),
        // The password is not repeated.
        (&["-a", "secret", "http://shop/"], "-a …: expected username:password"),
    ] {
        assert_eq!(refusal(words), why, "{words:?}");
    }
}
