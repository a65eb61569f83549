//! Any object, written and read unchanged: a field that is lost was lost by the server.

use std::{
    fmt::{Debug, Write as _},
    future::{Future, ready},
    pin::pin,
    time::Duration,
};

use futures::StreamExt as _;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, Resource,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
    core::{ApiResource, GroupVersionKind, discovery::Scope},
    discovery::pinned_kind,
    runtime::{
        WatchStreamExt as _,
        wait::{Condition, conditions::is_crd_established},
        watcher::watch_object,
    },
};
use serde::{Deserialize as _, de::DeserializeOwned};
use serde_json::Value;
use tokio::time;

/// The timeout of a condition.
const PATIENCE: Duration = Duration::from_secs(120);

/// The time between two polls of what no watch reports.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// The documents of a text, without empty ones.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    let all = serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap());
    all.filter(|document| !document.is_null()).collect()
}

/// Creates an object; returns it as the server stores it.
pub(crate) async fn create(client: &Client, object: &Value) -> Result<Value, kube::Error> {
    let api = api(client, object).await?;
    let object: DynamicObject = serde_json::from_value(object.clone()).map_err(kube::Error::SerdeError)?;
    let kept = api.create(&PostParams::default(), &object).await?;
    serde_json::to_value(kept).map_err(kube::Error::SerdeError)
}

/// Applies an object, as `kubectl apply --server-side --force-conflicts` does; returns it as the server stores it.
pub(crate) async fn apply(client: &Client, object: &Value) -> Result<Value, kube::Error> {
    let api = api(client, object).await?;
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let kept = api.patch(name, &PatchParams::apply("kubectl").force(), &Patch::Apply(object)).await?;
    serde_json::to_value(kept).map_err(kube::Error::SerdeError)
}

/// Writes an object's status; returns the object as the server stores it.
pub(crate) async fn write_status(client: &Client, object: &Value) -> Result<Value, kube::Error> {
    let api = api(client, object).await?;
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let patch = Patch::Merge(serde_json::json!({"status": object["status"]}));
    let kept = api.patch_status(name, &PatchParams::default(), &patch).await?;
    serde_json::to_value(kept).map_err(kube::Error::SerdeError)
}

/// Reads an object again.
pub(crate) async fn read(client: &Client, object: &Value) -> Result<Value, kube::Error> {
    let api = api(client, object).await?;
    let kept = api.get(object["metadata"]["name"].as_str().unwrap_or_default()).await?;
    serde_json::to_value(kept).map_err(kube::Error::SerdeError)
}

/// Waits until a defined kind is served.
pub(crate) async fn until_served(client: &Client, definition: &Value) {
    let name = definition["metadata"]["name"].as_str().unwrap();
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    within(name, until_seen(api, name, is_crd_established())).await;
}

/// The object when it is as wanted. A watch that breaks off, as all do when a CRD changes or a server is busy, starts
/// again.
pub(crate) async fn until_seen<K>(api: Api<K>, name: &str, is_so: impl Condition<K>) -> Option<K>
where
    K: Clone + Debug + DeserializeOwned + Resource + Send + 'static,
{
    let seen = watch_object(api, name).default_backoff();
    let fitting =
        seen.filter_map(|seen| ready(seen.ok().filter(|object| is_so.matches_object(object.as_ref()))));
    pin!(fitting).next().await.unwrap()
}

/// The result, or a panic that says what did not happen.
pub(crate) async fn within<T>(what: &str, comes: impl Future<Output = T>) -> T {
    time::timeout(PATIENCE, comes).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// The same with a timeout for a whole rollout.
pub(crate) async fn soon<T>(what: &str, comes: impl Future<Output = T>) -> T {
    time::timeout(PATIENCE * 2, comes).await.unwrap_or_else(|_| panic!("{what}: not in time"))
}

/// Waits until a question has an answer. For what no watch reports.
pub(crate) async fn until<T>(what: &str, asks: impl AsyncFnMut() -> Option<T>) -> T {
    until_polled(LOOK, what, asks).await
}

/// The same with this pause between two polls. For many that wait at the same time.
pub(crate) async fn until_polled<T>(
    pause: Duration,
    what: &str,
    mut asks: impl AsyncFnMut() -> Option<T>,
) -> T {
    let answered = async {
        loop {
            match asks().await {
                Some(answer) => return answer,
                None => time::sleep(pause).await,
            }
        }
    };
    soon(what, answered).await
}

/// Patches an object, with a merge patch.
pub(crate) async fn patch(client: &Client, object: &Value, change: &Value) -> Result<Value, kube::Error> {
    patch_by(client, &PatchParams::default(), object, change).await
}

/// Changes an object as this field manager.
pub(crate) async fn patch_as(
    client: &Client,
    manager: &str,
    object: &Value,
    change: &Value,
) -> Result<Value, kube::Error> {
    let by = PatchParams { field_manager: Some(manager.into()), ..PatchParams::default() };
    patch_by(client, &by, object, change).await
}

async fn patch_by(
    client: &Client,
    by: &PatchParams,
    object: &Value,
    change: &Value,
) -> Result<Value, kube::Error> {
    let api = api(client, object).await?;
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let kept = api.patch(name, by, &Patch::Merge(change)).await?;
    serde_json::to_value(kept).map_err(kube::Error::SerdeError)
}

/// Patches an object, with a JSON patch.
pub(crate) async fn patch_json(
    client: &Client,
    object: &Value,
    operations: &Value,
) -> Result<Value, kube::Error> {
    let request =
        |path: String| http::Request::patch(path).header("Content-Type", "application/json-patch+json");
    let api = api(client, object).await?;
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let path = format!("{}/{name}", api.resource_url());
    client.request(request(path).body(operations.to_string().into_bytes()).unwrap()).await
}

/// The objects of this one's kind in its namespace.
pub(crate) async fn all(client: &Client, object: &Value) -> Result<Vec<Value>, kube::Error> {
    let found = api(client, object).await?.list(&ListParams::default()).await?;
    found.items.into_iter().map(|item| serde_json::to_value(item).map_err(kube::Error::SerdeError)).collect()
}

/// Requests an object's deletion.
pub(crate) async fn delete(client: &Client, object: &Value) -> Result<(), kube::Error> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    api(client, object).await?.delete(name, &DeleteParams::default()).await.map(drop)
}

/// The API of objects of its kind, in its namespace.
pub(crate) async fn api(client: &Client, object: &Value) -> Result<Api<DynamicObject>, kube::Error> {
    let text = |name: &str| object[name].as_str().unwrap_or_default();
    let (group, version) = text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
    let (kind, capabilities): (ApiResource, _) =
        pinned_kind(client, &GroupVersionKind::gvk(group, version, text("kind"))).await?;
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
    Ok(match capabilities.scope {
        Scope::Namespaced => Api::namespaced_with(client.clone(), namespace, &kind),
        Scope::Cluster => Api::all_with(client.clone(), &kind),
    })
}

/// The paths of fields in `written` that are missing from `kept` or different there.
pub(crate) fn lost(written: &Value, kept: &Value) -> Vec<String> {
    let mut lost = Vec::new();
    compare(&mut String::new(), written, kept, &mut lost);
    lost
}

fn compare(path: &mut String, written: &Value, kept: &Value, lost: &mut Vec<String>) {
    match (written, kept) {
        (Value::Object(fields), Value::Object(_)) => {
            for (name, field) in fields {
                below(path, name, |path| compare(path, field, &kept[name], lost));
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (place, (item, other)) in items.iter().zip(others).enumerate() {
                below(path, &place, |path| compare(path, item, other, lost));
            }
        }
        _ if is_same(written, kept) => {}
        _ => lost.push(format!("{path}: {written} became {kept}")),
    }
}

/// Whole numbers lose their `.0`.
fn is_same(written: &Value, kept: &Value) -> bool {
    written == kept || written.as_f64().is_some_and(|number| kept.as_f64() == Some(number))
}

fn below(path: &mut String, name: &impl std::fmt::Display, then: impl FnOnce(&mut String)) {
    let length = path.len();
    // Writing to a String cannot fail.
    let _ = write!(path, "/{name}");
    then(path);
    path.truncate(length);
}
