//! The controller's account has the rights that the controller needs, by the rules in `deploy/`, and no more.

use http::Request;
use kube::Client;
use serde_json::{Value, json};

use crate::{
    identity::User,
    kinds, objects,
    release::reference,
    stage::{Stage, on_stage},
};

#[test]
fn cluster_the_controller_may_do_what_it_does_and_no_more() {
    on_stage("rights", async |stage| {
        let client = stage.plane.client(User::Controller).await;
        let everywhere = [
            "patch canaries.flagger.app",
            "patch canaries.flagger.app/status",
            "watch metrictemplates.flagger.app",
            "create deployments.apps",
            "patch services",
            "get secrets",
            "create events",
            "delete httproutes.gateway.networking.k8s.io",
            "patch virtualservices.networking.istio.io",
            "delete canaries.flagger.app",
            "update metrictemplates.flagger.app",
            "get pods",
            "create pods/exec",
            "list nodes",
            "create namespaces",
            "create leases.coordination.k8s.io",
            "patch clusterroles.rbac.authorization.k8s.io",
            "patch customresourcedefinitions.apiextensions.k8s.io",
        ];
        let mut answers = Vec::new();
        for what in everywhere {
            answers.push(format!("{what}: {}", may(&client, "", what).await));
        }
        let lease = "create leases.coordination.k8s.io";
        answers.push(format!("{lease} in serin-system: {}", may(&client, "serin-system", lease).await));
        insta::assert_snapshot!(answers.join("\n"));
    });
}

/// Whether this client has this right, such as `patch canaries.flagger.app/status`.
async fn may(client: &Client, namespace: &str, what: &str) -> &'static str {
    let (verb, kind) = what.split_once(' ').unwrap();
    let (kind, part) = kind.split_once('/').unwrap_or((kind, ""));
    let (plural, group) = kind.split_once('.').unwrap_or((kind, ""));
    let attributes = json!({
        "namespace": namespace, "verb": verb, "group": group, "resource": plural, "subresource": part,
    });
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    });
    let request = Request::post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
        .header("Content-Type", "application/json")
        .body(review.to_string().into_bytes());
    let answer: Value = client.request(request.unwrap()).await.unwrap();
    if answer["status"]["allowed"] == true { "yes" } else { "no" }
}

/// Gives the limited user this right in the stage's namespace, and no other right.
pub(crate) async fn grant(stage: &Stage, rules: &Value) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let of = |kind: &str| reference(&stage.namespace, "rbac.authorization.k8s.io/v1", kind, "limited");
    let (mut role, mut binding) = (of("Role"), of("RoleBinding"));
    role["rules"] = rules.clone();
    binding["roleRef"] = json!({"apiGroup": GROUP, "kind": "Role", "name": "limited"});
    binding["subjects"] = json!([{"apiGroup": GROUP, "kind": "User", "name": User::Limited.name()}]);
    for object in [role, binding] {
        objects::apply(&stage.client, &object).await.unwrap();
    }
}

/// Allows the controller to write its Lease in that namespace, which it needs if it watches no other.
pub(crate) async fn give_lease(client: &Client, namespace: &str) {
    for mut object in kinds::read(&kinds::deploy().join("rbac.yaml")) {
        if ["Role", "RoleBinding"].iter().any(|kind| object["kind"] == *kind) {
            object["metadata"]["namespace"] = namespace.into();
            objects::create(client, &object).await.unwrap();
        }
    }
}
