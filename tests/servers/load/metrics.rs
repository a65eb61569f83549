//! A Prometheus whose every answer is good: 100 as a success rate, and a duration below any bound here. The query
//! `vector(1)` tests whether it answers at all, and expects 1.

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

/// Answers for as long as the runtime runs; returns its address.
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
            // The client may have closed the connection.
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    address
}
