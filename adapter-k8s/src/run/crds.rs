//! Watches which parts of a Canary's status the installed CRDs keep, from the start to the end of the process.
//!
//! This is read from the schema that the API server publishes, which every account may read. While a part would be
//! dropped, the controller is not ready, says why, and writes nothing.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use serin_core::{Phase, Timestamp};
use tokio::{sync::watch, time::sleep};

use crate::{
    clock,
    cluster::{
        request::Published,
        schema::{DROPPED, Kept, MISSING},
    },
    kinds::{CANARY, EVENT},
    notify::event,
    object::{Key, Object, reader::ObjectReader as _},
    run::{server::Readiness, stop::stopped},
    tick::context::Context,
};

/// How often they are checked. The answer that nothing has changed is short.
const EVERY: Duration = Duration::from_secs(3);

/// Checks the CRDs repeatedly, until a stop.
pub async fn follow(context: Arc<Context>, readiness: Arc<Readiness>, mut stop: watch::Receiver<bool>) {
    let mut crds = Crds { context, readiness, tag: String::new(), said: None };
    tokio::select! {
        () = crds.follow() => {}
        () = stopped(&mut stop) => {}
    }
}

struct Crds {
    context: Arc<Context>,
    readiness: Arc<Readiness>,
    /// The tag of the last answer.
    tag: String,
    /// The last message.
    said: Option<Kept>,
}

impl Crds {
    async fn follow(&mut self) {
        loop {
            self.look().await;
            self.show().await;
            let schema = &self.context.cluster.schema;
            tokio::select! {
                () = sleep(EVERY) => continue,
                () = schema.doubted() => {}
            }
            if schema.refusal().is_some() {
                // A save was not kept. The published schema follows within moments.
                self.show().await;
                sleep(EVERY).await;
                self.tag.clear();
            }
        }
    }

    /// Reads the published schema, if it has changed.
    async fn look(&mut self) {
        let schema = &self.context.cluster.schema;
        match self.context.cluster.published(CANARY, &self.tag).await {
            Ok(Published::Unchanged) => {}
            Ok(Published::Nothing) => {
                self.tag.clear();
                schema.set(Kept::Cut(MISSING.into()));
            }
            Ok(Published::Schemas(schemas, tag)) => {
                self.tag = tag;
                let keeps = keep_our_status(&schemas);
                schema.set(if keeps { Kept::Whole } else { Kept::Cut(DROPPED.into()) });
            }
            // An unreadable schema changes nothing: writes then fail by themselves.
            Err(why) => tracing::warn!("the CRD canaries.flagger.app cannot be read: {why}"),
        }
    }

    /// Reports the state of the CRDs, if it has changed.
    async fn show(&mut self) {
        let kept = self.context.cluster.schema.follow().borrow().clone();
        if self.said.as_ref() == Some(&kept) {
            return;
        }
        match &kept {
            Kept::Unknown => {}
            Kept::Whole => {
                if matches!(self.said, Some(Kept::Cut(_))) {
                    tracing::info!("the CRD canaries.flagger.app keeps the whole status: work is resumed");
                }
                self.readiness.set(Ok(()));
            }
            Kept::Cut(why) => {
                let why_stopped = stopped_by(why);
                tracing::error!("{why_stopped}");
                self.readiness.set(Err(why.clone()));
                if self.said == Some(Kept::Whole) {
                    // Before any Canary was driven, nothing has stopped.
                    self.context.cluster.record_anyway(&on_crd(&why_stopped, clock::now())).await;
                }
            }
        }
        self.context.telemetry.crds_fit(kept == Kept::Whole);
        self.said = Some(kept);
    }
}

fn stopped_by(why: &str) -> String {
    format!("{why}; nothing is written until then")
}

/// Records an Event on each Canary whose release stops because of the installed CRDs. Call it while the Canaries are
/// still known, and after their drivers have ended.
pub async fn report_to_canaries(context: &Context) {
    let Some(why) = context.cluster.schema.refusal() else { return };
    let (at, text) = (clock::now(), stopped_by(&why));
    let id = format!("crd-{}", at.as_millis());
    let canaries: Vec<Arc<Object>> = {
        let reader = context.cluster.reader();
        reader.members(CANARY).iter().filter_map(|key| reader.find(key).ok().flatten()).collect()
    };
    for canary in canaries.iter().filter(|canary| !is_idle(canary)) {
        context.cluster.record_anyway(&event::on(canary, &id, "Warning", &text, at)).await;
    }
}

/// Whether a Canary waits for a new revision.
fn is_idle(canary: &Object) -> bool {
    let phase = canary.text("/status/phase");
    Phase::ALL.iter().any(|known| known.is_idle() && known.name() == phase)
}

fn on_crd(text: &str, at: Timestamp) -> Object {
    let name = format!("{}.{}", CANARY.plural, CANARY.group);
    let involved = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "name": name,
    });
    // Events about objects without a namespace are in this one.
    let key = Key::new(EVENT, "default", &format!("{name}.{:x}", at.as_millis()));
    event::about(involved, &key, "Warning", text, at)
}

/// Whether the published schema of Canaries keeps all of `.status.serin`.
fn keep_our_status(schemas: &Value) -> bool {
    let status = schemas.pointer("/components/schemas/app.flagger.v1beta1.Canary/properties/status");
    const KEEPS: &str = "x-kubernetes-preserve-unknown-fields";
    status.is_some_and(|status| status[KEEPS] == true || status["properties"]["serin"][KEEPS] == true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_fits_if_it_keeps_unknown_fields_of_the_status_or_of_our_part() {
        let published = |status: Value| {
            let canary = json!({"properties": {"status": status}});
            keep_our_status(&json!({"components": {"schemas": {"app.flagger.v1beta1.Canary": canary}}}))
        };
        let keeps = json!({"x-kubernetes-preserve-unknown-fields": true});
        assert!(published(keeps.clone()) && published(json!({"properties": {"serin": keeps}})));
        assert!(
            !published(json!({"properties": {"phase": {"type": "string"}}})) && !keep_our_status(&json!({}))
        );
    }

    #[test]
    fn a_canary_is_idle_by_its_phase_and_not_without_one() {
        let canary = |phase: &str| Object::read(CANARY, json!({"status": {"phase": phase}}));
        assert!(is_idle(&canary("Succeeded")) && !is_idle(&canary("Progressing")) && !is_idle(&canary("")));
    }
}
