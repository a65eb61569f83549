use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serin_core::question::HookResult;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
    time::Instant,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::hook;

const LONG: Duration = Duration::from_secs(60);

/// Answers one connection after the other with these bytes; sends what it received.
pub(crate) async fn server(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let mut heard = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            heard.push(request(&mut stream).await);
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        heard
    });
    (url, serving)
}

/// Answers with this and repeats the rest without end; stops when the client has closed the connection.
async fn endless(begin: &'static str, rest: Vec<u8>) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        stream.write_all(begin.as_bytes()).await.unwrap();
        while stream.write_all(&rest).await.is_ok() {}
    });
    (url, serving)
}

/// A request with its body.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut heard = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&heard).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return text,
            Ok(read) => heard.extend_from_slice(&part[..read]),
        }
    }
}

pub(crate) fn reply(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

#[tokio::test]
async fn a_request_is_sent_as_it_is_and_its_answer_read() {
    let (url, serving) = server(vec![reply("201 Created", "", "hello")]).await;
    let sent = Request::post(format!("{url}/a?b=c"), &serde_json::json!({"d": 1}), LONG).header("X-Key", "k");
    let reply = Http::new().send(&sent).await.unwrap();
    assert_eq!((reply.status, &*reply.body, reply.cut), (201, b"hello".as_slice(), None));
    let heard = serving.await.unwrap().remove(0);
    assert!(
        heard.starts_with("POST /a?b=c HTTP/1.1\r\ncontent-type: application/json\r\nx-key: k\r\n"),
        "{heard}"
    );
    assert!(heard.ends_with("\r\n\r\n{\"d\":1}"), "{heard}");
}

#[tokio::test]
async fn ten_mebibytes_of_garbage_are_not_read_completely() {
    let begin = "HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n";
    let (url, serving) = endless(begin, vec![b'x'; 64 * 1024]).await;
    let reply = Http::new().send(&Request::get(url, LONG)).await.unwrap();
    assert_eq!(
        (reply.body.len(), reply.cut.as_deref()),
        (MOST_READ, Some("the answer is longer than 1048576 bytes"))
    );
    serving.await.unwrap();
}

#[tokio::test]
async fn an_endless_answer_passes_a_hook_with_its_first_words() {
    let begin = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (url, serving) = endless(begin, b"5\r\nabcd \r\n".repeat(1000)).await;
    let request = Request { most: 2048, ..Request::get(url, LONG) };
    let HookResult::Pass(said) = hook::call(&Http::new(), &request, 0).await else { panic!() };
    assert!(said.starts_with("abcd abcd ") && said.len() <= 1024, "{}", said.len());
    serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://u:p@{}/path?token=x", listener.local_addr().unwrap());
    let silent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        request(&mut stream).await
    });
    let place = url.replace("u:p@", "").replace("?token=x", "");
    let error = Http::new().send(&Request::get(url, Duration::from_secs(3))).await.unwrap_err();
    assert_eq!((error.to_string(), error.is_temporary), (format!("{place}: no answer within 3s"), true));
    silent.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_first_part_of_an_answer_that_does_not_end_is_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let slow = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").await.unwrap();
        request(&mut stream).await
    });
    let reply = Http::new().send(&Request::get(url, Duration::from_secs(3))).await.unwrap();
    assert_eq!(
        (&*reply.body, reply.cut.as_deref()),
        (b"abc".as_slice(), Some("the answer did not end within 3s"))
    );
    slow.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_hook_is_called_again_until_its_answer_is_final() {
    let dated = "Date: Wed, 21 Oct 2015 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2015 07:28:07 GMT\r\n";
    let answers =
        [("500 Internal Server Error", ""), ("503 Service Unavailable", dated), ("204 No Content", "")];
    let answers = answers.map(|(status, headers)| reply(status, headers, "")).to_vec();
    let (url, serving) = server(answers).await;
    let request = Request::post(url, &0, LONG).header("Idempotency-Key", "uid/1/0/hook/a");
    let begun = Instant::now();
    assert_eq!(hook::call(&Http::new(), &request, 5).await, HookResult::Pass("".into()));
    assert_eq!(begun.elapsed().as_secs(), 1 + 7);
    let heard = serving.await.unwrap();
    assert_eq!(heard.iter().filter(|heard| heard.contains("idempotency-key: uid/1/0/hook/a\r\n")).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_hook_whose_retries_are_used_up_denies_with_its_last_answer() {
    let answers = ["a", "b", "c"].map(|body| reply("500 Internal Server Error", "", body)).to_vec();
    let (url, _serving) = server(answers).await;
    let answer = hook::call(&Http::new(), &Request::get(&url, LONG), 2).await;
    assert_eq!(answer, HookResult::Deny("500 Internal Server Error: c (tried 3 times)".into()));
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let answer = hook::call(&Http::new(), &Request::get(format!("http://{silent}/"), LONG), 1).await;
    let refused = format!("http://{silent}: Connection refused (os error 111) (tried 2 times)");
    assert_eq!(answer, HookResult::Deny(refused.into()));
}

/// A TLS server on loopback with a self-signed certificate, which is returned.
async fn tls(answers: Vec<String>) -> (String, reqwest::Certificate) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (made.cert.der().to_vec(), made.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(cert.clone())], PrivateKeyDer::try_from(key).unwrap())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        for answer in answers {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, &answer).await;
            }
        }
    });
    (url, reqwest::Certificate::from_der(&cert).unwrap())
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str) {
    request(&mut stream).await;
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_untrusted_certificate_is_refused_without_retries() {
    let (url, root) = tls(vec![reply("200 OK", "", "in"); 3]).await;
    let request = Request::get(&url, LONG);
    let error = Http::new().send(&request).await.unwrap_err();
    assert!(!error.is_temporary && error.why.contains("certificate"), "{error}");
    let insecure = Request { insecure: true, ..request.clone() };
    assert_eq!(Http::new().send(&insecure).await.unwrap().body, b"in");
    assert_eq!(Http::trusting(vec![root]).send(&request).await.unwrap().body, b"in");
}

#[tokio::test]
async fn a_redirect_is_followed_but_not_out_of_tls() {
    let (plain, _serving) = server(vec![reply("200 OK", "", "end")]).await;
    let (begin, _serving) =
        server(vec![reply("307 Temporary Redirect", &format!("Location: {plain}/x\r\n"), "")]).await;
    assert_eq!(Http::new().send(&Request::get(begin, LONG)).await.unwrap().body, b"end");
    let (url, root) = tls(vec![reply("302 Found", &format!("Location: {plain}/x\r\n"), "")]).await;
    let reply = Http::trusting(vec![root]).send(&Request::get(url, LONG)).await.unwrap();
    assert_eq!(reply.refusal(100), "302 Found");
}

#[tokio::test]
async fn a_redirect_to_an_address_that_is_not_called_is_not_followed() {
    let location = "Location: http://169.254.169.254/latest\r\n";
    let (url, _serving) = server(vec![reply("302 Found", location, "")]).await;
    let error = Http::new().send(&Request::get(url, LONG)).await.unwrap_err();
    assert!(
        !error.is_temporary && error.why.starts_with("169.254.169.254 is a link-local address"),
        "{error}"
    );
}

#[tokio::test]
async fn a_name_of_the_api_server_is_refused_only_at_its_port() {
    let (url, _serving) = server(vec![reply("200 OK", "", "in"); 2]).await;
    let url = url.replace("127.0.0.1", "localhost");
    let send = async |api_server: &str| {
        let http = Http::within(reach::Reach::beside(api_server, Vec::new()));
        http.send(&Request::get(&url, LONG)).await
    };
    assert_eq!(send("http://127.0.0.1:1").await.unwrap().body, b"in");
    let error = send(&url).await.unwrap_err();
    assert!(!error.is_temporary && error.why.contains("the API server"), "{error}");
}

#[tokio::test]
async fn invalid_requests_are_not_sent() {
    let why = async |request: Request| Http::new().send(&request).await.unwrap_err().to_string();
    let get = |url: &str| Request::get(url, LONG);
    assert_eq!(
        why(get("file:///etc/passwd")).await,
        "an address without a host: the address must begin with http:// or https://"
    );
    assert_eq!(why(get("http//x")).await, "an address that is not a URL: relative URL without a base");
    assert_eq!(
        why(Request { method: "A B".into(), ..get("http://x/a/?b") }).await,
        "http://x/a: `A B` is not an HTTP method"
    );
    let injected = why(get("http://127.0.0.1:1").header("X", "a\r\nb: c")).await;
    assert_eq!(injected, "http://127.0.0.1:1: failed to parse header value");
}
