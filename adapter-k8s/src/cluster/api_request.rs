//! Requests to the API server for objects that are never watched: the metrics that the cluster itself serves.

use std::{fmt, time::Duration};

use http::Method;
use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use serde_json::Value;
use serin_core::revision::Text;
use tokio::time::timeout;

use super::{Cluster, request};
use crate::{
    http::{MOST_READ, Reply},
    object::text_of,
};

/// A request to the API server.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiRequest {
    /// The HTTP method. All methods except `GET` are writes.
    pub method: Method,
    /// The path, with its query.
    pub path: String,
    /// The object that is created.
    pub body: Option<Value>,
}

/// Timeout of an answer: that of the API server, or of the server that it calls.
const PATIENCE: Duration = Duration::from_secs(5);

impl ApiRequest {
    /// Reads a path.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: None }
    }

    /// Creates an object in the collection with this path.
    #[must_use]
    pub fn create(path: impl Into<String>, object: Value) -> Self {
        Self { method: Method::POST, path: path.into(), body: Some(object) }
    }

    /// Deletes the object with this path.
    #[must_use]
    pub fn delete(path: impl Into<String>) -> Self {
        Self { method: Method::DELETE, path: path.into(), body: None }
    }
}

/// The path without its query.
impl fmt::Display for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "API server {}", self.path.split('?').next().unwrap_or_default())
    }
}

impl Cluster {
    /// Sends a request, and reads its answer up to a limit. A refusal is an answer, too.
    ///
    /// # Errors
    /// There is no answer, or this process must not write now.
    pub async fn ask(&self, asked: &ApiRequest) -> Result<Reply, Text> {
        if asked.method != Method::GET && !self.may_write() {
            return Err("nothing may be written now".into());
        }
        let _turn = self.reads.acquire().await.ok();
        match timeout(PATIENCE, self.reply(asked)).await {
            Ok(reply) => reply.map_err(|why| Text::from(format!("{asked}: {why}"))),
            Err(_) => Err(format!("{asked}: no answer within {PATIENCE:?}").into()),
        }
    }

    async fn reply(&self, asked: &ApiRequest) -> Result<Reply, String> {
        let body = asked.body.as_ref().map(text_of).map(Body::from).unwrap_or_else(Body::empty);
        let request = http::Request::builder()
            .method(asked.method.clone())
            .uri(&*asked.path)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|error| error.to_string())?;
        let answer = self.client.send(request).await.map_err(|error| request::words(&error))?;
        let status = answer.status().as_u16();
        let read = Limited::new(answer.into_body(), MOST_READ).collect().await;
        let cut = read
            .as_ref()
            .err()
            .map(|_| format!("the answer is incomplete, or longer than {MOST_READ} bytes"));
        let body = read.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        // The client itself waits for as long as a `Retry-After` says.
        Ok(Reply { status, retry_after: None, body, cut })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        cluster::fence::Fence,
        http::tests::{reply as served, server},
    };

    fn cluster(url: &str, fence: Fence) -> Arc<Cluster> {
        let client = kube::Client::try_from(kube::Config::new(url.parse().unwrap())).unwrap();
        Cluster::new(client, None, Arc::new(fence), "me")
    }

    #[tokio::test]
    async fn an_answer_is_read_up_to_a_limit_and_a_refusal_is_an_answer() {
        let answers = vec![served("200 OK", "", "{}"), served("403 Forbidden", "", "not yours")];
        let (url, serving) = server(answers).await;
        let there = cluster(&url, Fence::open());
        let get = ApiRequest::get("/apis/external.metrics.k8s.io/v1beta1?limit=1");
        let reply = there.ask(&get).await.unwrap();
        assert_eq!((reply.status, &*reply.body, reply.cut), (200, &b"{}"[..], None));
        let reply = there.ask(&get).await.unwrap();
        assert_eq!((reply.status, &*reply.body), (403, &b"not yours"[..]));
        let heard = serving.await.unwrap();
        assert!(heard[0].starts_with("GET /apis/external.metrics.k8s.io/v1beta1?limit=1 HTTP/1.1\r\n"));
        // The server may not be able to send all of it.
        let (url, _serving) = server(vec![served("200 OK", "", &"x".repeat(MOST_READ + 1))]).await;
        assert!(cluster(&url, Fence::open()).ask(&get).await.unwrap().cut.is_some());
    }

    #[tokio::test]
    async fn nothing_is_created_while_another_replica_can_lead() {
        let cluster = cluster("http://127.0.0.1:1", Fence::closed());
        let created = cluster.ask(&ApiRequest::create("/apis/x", Value::Null)).await;
        assert_eq!(created, Err("nothing may be written now".into()));
    }
}
