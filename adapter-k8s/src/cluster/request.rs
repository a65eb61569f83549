//! Requests to the API server, and the meaning of its refusals.

use std::time::Duration;

use http::{
    Method, Request, StatusCode,
    header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use kube::{Client, client::Body};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use serin_core::observation::FailureClass;
use tokio::time::timeout;

use super::watched::Watched;
use crate::object::{Key, Kind, LAST_APPLIED, Object, text_of};

/// Timeout of the API server's answers. Watches are not sent from here.
const PATIENCE: Duration = Duration::from_secs(10);

/// The path of a kind's objects in a namespace, or in all namespaces.
pub(super) fn collection(kind: Kind, namespace: &str) -> String {
    let root = if kind.group.is_empty() { "/api".into() } else { format!("/apis/{}", kind.group) };
    if kind.namespaced && !namespace.is_empty() {
        format!("{root}/{}/namespaces/{namespace}/{}", kind.version, kind.plural)
    } else {
        format!("{root}/{}/{}", kind.version, kind.plural)
    }
}

/// The path of one object.
pub(super) fn path(key: &Key) -> String {
    format!("{}/{}", collection(key.kind, &key.namespace), key.name)
}

/// Reads an object; `None` if there is none.
pub(crate) async fn get(client: &Client, key: &Key) -> Result<Option<Object>, kube::Error> {
    let there = found(send_for::<Watched>(client, Method::GET, &path(key), None).await)?;
    Ok(there.map(|there| there.object(key.kind)))
}

/// The schema that the API server publishes for a group and version.
#[derive(Clone, Debug, PartialEq)]
pub enum Published {
    /// It serves none of them.
    Nothing,
    /// It is unchanged.
    Unchanged,
    /// The schema, and the tag for the next request.
    Schemas(Value, String),
}

/// Reads the published schema of a group and version, unless it still has this tag.
pub(super) async fn published(client: &Client, kind: Kind, tag: &str) -> Result<Published, kube::Error> {
    let path = format!("/openapi/v3/apis/{}", kind.api_version());
    let mut request = Request::get(path);
    if !tag.is_empty() {
        request = request.header(IF_NONE_MATCH, tag);
    }
    let request = request.body(Body::empty()).map_err(kube::Error::HttpError)?;
    let read = async {
        let answer = client.send(request).await?;
        let status = answer.status();
        let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
        let body = answer.into_body().collect_bytes().await?;
        match status {
            StatusCode::NOT_FOUND => Ok(Published::Nothing),
            StatusCode::NOT_MODIFIED => Ok(Published::Unchanged),
            _ if status.is_success() => {
                let schemas = serde_json::from_slice(&body).map_err(kube::Error::SerdeError)?;
                Ok(Published::Schemas(schemas, tag))
            }
            _ => Err(kube::Error::Service(format!("the API server answered {status}").into())),
        }
    };
    in_time(read).await
}

/// The result of a request, or an error if it takes too long.
async fn in_time<T>(request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, kube::Error> {
    let answer = timeout(PATIENCE, request).await;
    answer.unwrap_or_else(|_| Err(kube::Error::Service(format!("no answer within {PATIENCE:?}").into())))
}

/// A missing object is not an error.
fn found<T>(answer: Result<T, kube::Error>) -> Result<Option<T>, kube::Error> {
    match answer {
        Ok(there) => Ok(Some(there)),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads an object with the right to list only; `None` if it does not exist.
pub(super) async fn find(client: &Client, key: &Key) -> Result<Option<Object>, kube::Error> {
    let mut list: List = send_for(client, Method::GET, &listed(key), None).await?;
    Ok(list.items.pop().map(|found| found.object(key.kind)))
}

/// The path of a list that contains only this object.
pub(super) fn listed(key: &Key) -> String {
    format!("{}?fieldSelector=metadata.name%3D{}", collection(key.kind, &key.namespace), key.name)
}

/// Objects of one kind.
#[derive(Deserialize)]
struct List {
    items: Vec<Watched>,
}

/// Sends a request and parses the wanted part of its answer. A `PATCH` whose body is a list is a JSON patch, any other
/// one a merge patch.
pub(super) async fn send_for<T: DeserializeOwned>(
    client: &Client,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<T, kube::Error> {
    let media = match body {
        Some(Value::Array(_)) if method == Method::PATCH => "application/json-patch+json",
        _ if method == Method::PATCH => "application/merge-patch+json",
        _ => "application/json",
    };
    let body = body.map(text_of).unwrap_or_default();
    let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, media).body(body);
    in_time(client.request(request.map_err(kube::Error::HttpError)?)).await
}

/// Whether another try can succeed, from an error.
pub(super) fn class_of(error: &kube::Error) -> FailureClass {
    let kube::Error::Api(status) = error else { return FailureClass::Retry };
    match status.code {
        409 => FailureClass::Moved,
        400 | 401 | 403 | 404 | 405 | 413 | 415 | 422 => FailureClass::Refused,
        _ => FailureClass::Retry,
    }
}

/// The remedy for a refusal of these verbs, to be appended to its text; empty if another try can succeed.
pub(super) fn remedy(error: &kube::Error, verbs: &str) -> String {
    match code(error) {
        Some(404) => "; is its CRD installed?".into(),
        Some(401 | 403) => format!("; the controller's ClusterRole has to allow {verbs}"),
        _ => String::new(),
    }
}

/// The same for writes. There a missing object is gone, and a request that RBAC allows can still be refused by a quota,
/// a policy or a namespace that is being deleted; in those cases the server's text is enough.
pub(super) fn missing_right(error: &kube::Error, verb: &str) -> String {
    let by_admission = code(error) == Some(403) && !words(error).contains(" cannot ");
    if by_admission || code(error) == Some(404) { String::new() } else { remedy(error, verb) }
}

/// The status of a refusal.
pub(crate) fn code(error: &kube::Error) -> Option<u16> {
    if let kube::Error::Api(status) = error { Some(status.code) } else { None }
}

/// A short text for an error: the server's message, or what went wrong on the way.
pub(crate) fn words(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error {
        return status.message.clone();
    }
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !words.contains(&said) {
            words = format!("{words}: {said}");
        }
        cause = inner.source();
    }
    words
}

/// The object with only its metadata, as in a metadata watch.
pub(super) fn metadata_of(object: &Object) -> Object {
    let mut metadata = object.at("/metadata").cloned().unwrap_or_else(|| json!({}));
    if let Value::Object(fields) = &mut metadata {
        fields.remove("managedFields");
    }
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        annotations.remove(LAST_APPLIED);
    }
    Object::read(object.kind(), json!({ "metadata": metadata }))
}

/// How a whole object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// It is new.
    Post,
    /// It replaces the version that it carries.
    Put,
}

/// Writes a whole object.
pub(crate) async fn write(client: &Client, how: Write, object: &Object) -> Result<Object, kube::Error> {
    let key = object.key();
    let (method, path) = match how {
        Write::Post => (Method::POST, collection(key.kind, &key.namespace)),
        Write::Put => (Method::PUT, path(&key)),
    };
    let answer: Watched = send_for(client, method, &path, Some(object.value())).await?;
    Ok(answer.object(key.kind))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::kinds::CANARY;

    #[test]
    fn a_message_names_a_right_only_if_it_is_missing() {
        let helps = |code: u16, message: &str| {
            let status = json!({"status": "Failure", "code": code, "message": message, "reason": ""});
            missing_right(&kube::Error::Api(serde_json::from_value(status).unwrap()), "create")
        };
        let right = "; the controller's ClusterRole has to allow create";
        assert_eq!(
            helps(403, "services \"a\" is forbidden: User \"b\" cannot create resource \"services\""),
            right
        );
        assert_eq!(helps(401, "Unauthorized"), right);
        for other in [
            "services \"a\" is forbidden: exceeded quota: few, requested: services=1",
            "services \"a\" is forbidden: unable to create new content in namespace n because it is being terminated",
            "admission webhook \"policy\" denied the request: no",
        ] {
            assert_eq!(helps(403, other), "");
        }
        assert_eq!((helps(404, "not found"), helps(500, "later")), (String::new(), String::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_to_a_silent_server_time_out() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap()).parse().unwrap();
        let client = Client::try_from(kube::Config::new(url)).unwrap();
        let error = get(&client, &Key::new(CANARY, "n", "web")).await.unwrap_err();
        assert_eq!(class_of(&error), FailureClass::Retry);
        assert_eq!(words(&error), "ServiceError: no answer within 10s");
    }
}
