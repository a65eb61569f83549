//! A Prometheus whose every answer is good: 100 is a success rate, and a duration below any bound here. Whether it answers
//! at all is asked by `vector(1)`, and only 1 says so.

use std::convert::Infallible;

use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const GOOD: &str =
    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[0,"100"]}]}}"#;
const WELL: &str =
    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[0,"1"]}]}}"#;

/// Answers for as long as the runtime runs; its address.
pub(crate) async fn serve() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(async |request: Request<Incoming>| {
                let is_probe = request.uri().query().is_some_and(|query| query.contains("vector%281%29"));
                let answer = if is_probe { WELL } else { GOOD };
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(answer)))
            });
            // Whoever asked may have gone.
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    address
}
