//! Where gates are kept: in a ConfigMap that all replicas share and no restart empties, or in memory.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;
use serin_core::Timestamp;
use tokio::time::timeout;

use super::{Gate, GateName, Moment, State};

/// Gates that are kept. A hook creates one by naming a Canary.
const MOST_GATES: usize = 2000;
/// How long the API server is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a write is tried that another replica's write comes before.
const MOST_TRIES: usize = 20;

/// All gates.
pub struct Gates(Store);

enum Store {
    /// Of this process alone, until it ends.
    Memory(Mutex<Known>),
    /// The data of a ConfigMap: a key for each gate, the value as JSON.
    ConfigMap { api: Api<ConfigMap>, name: String },
}

/// Why a gate is neither open nor closed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The API server refused, or was not reached.
    #[error("the gates cannot be read or written: {0}")]
    Kube(#[from] Box<kube::Error>),
    /// The API server was too slow.
    #[error("the gates cannot be read or written: no answer within {PATIENCE:?}")]
    Late,
    /// Others write all the time.
    #[error("the gate cannot be written: {MOST_TRIES} times, another replica wrote first")]
    Contended,
    /// The value of its key is no gate.
    #[error("the gate {0} cannot be read: {1}")]
    Unreadable(GateName, String),
    /// There are too many.
    #[error("there are {MOST_GATES} gates already, and no more may be")]
    Full,
}

/// Every gate that was asked for or changed; or why it cannot be read, which keeps no other from being read.
pub type Known = BTreeMap<GateName, Result<Gate, String>>;

impl Gates {
    /// Gates that a restart forgets.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(Store::Memory(Mutex::default()))
    }

    /// Gates in the ConfigMap of that name, which is created with the first one.
    #[must_use]
    pub fn in_config_map(api: Api<ConfigMap>, name: &str) -> Self {
        Self(Store::ConfigMap { api, name: name.into() })
    }

    /// Every gate, by name.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn all(&self) -> Result<Known, StoreError> {
        match &self.0 {
            Store::Memory(gates) => Ok(gates.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            Store::ConfigMap { api, name } => Ok(read(api, name).await?.0),
        }
    }

    /// Whether a gate is open. A new one is closed, and listed from now on.
    ///
    /// # Errors
    /// It cannot be read, or not be listed.
    pub async fn check(&self, name: &GateName, now: Timestamp) -> Result<State, StoreError> {
        let closed = Gate { state: State::Closed, since: Moment(now), by: "never opened".into() };
        let wanted = |known: Option<&Result<Gate, String>>| match known {
            Some(Ok(gate)) => Ok(gate.clone()),
            Some(Err(why)) => Err(StoreError::Unreadable(name.clone(), why.clone())),
            None => Ok(closed.clone()),
        };
        self.change(name, wanted).await.map(|gate| gate.state)
    }

    /// Opens or closes a gate. Nothing changes, also not since when and by whom, if it is so already.
    ///
    /// # Errors
    /// It cannot be read or written, or there are too many.
    pub async fn set(
        &self,
        name: &GateName,
        state: State,
        by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let changed = Gate { state, since: Moment(now), by: by.into() };
        let wanted = |known: Option<&Result<Gate, String>>| match known {
            Some(Ok(gate)) if gate.state == state => Ok(gate.clone()),
            Some(_) | None => Ok(changed.clone()),
        };
        self.change(name, wanted).await.map(drop)
    }

    /// Makes a gate what is wanted, given what it is: nothing is written in between.
    async fn change(
        &self,
        name: &GateName,
        wanted: impl Fn(Option<&Result<Gate, String>>) -> Result<Gate, StoreError>,
    ) -> Result<Gate, StoreError> {
        let room = |known: &Known| {
            let is_new = !known.contains_key(name);
            if is_new && known.len() >= MOST_GATES { Err(StoreError::Full) } else { Ok(()) }
        };
        let (api, map) = match &self.0 {
            Store::ConfigMap { api, name } => (api, name),
            Store::Memory(gates) => {
                let mut known = gates.lock().unwrap_or_else(PoisonError::into_inner);
                let gate = wanted(known.get(name))?;
                room(&known)?;
                known.insert(name.clone(), Ok(gate.clone()));
                return Ok(gate);
            }
        };
        for _ in 0..MOST_TRIES {
            let (known, version) = read(api, map).await?;
            let gate = wanted(known.get(name))?;
            if known.get(name).is_some_and(|known| known.as_ref() == Ok(&gate)) {
                return Ok(gate);
            }
            room(&known)?;
            match write(api, map, name, &gate, version).await {
                Err(error) if error.is_conflict() => {}
                written => return written.map(|()| gate),
            }
        }
        Err(StoreError::Contended)
    }
}

/// The gates of a ConfigMap, and its version; none if it is not there.
async fn read(api: &Api<ConfigMap>, map: &str) -> Result<(Known, Option<String>), StoreError> {
    let Some(map) = within(api.get_opt(map)).await? else { return Ok(Default::default()) };
    let read = |value: &str| serde_json::from_str(value).map_err(|error| error.to_string());
    let data = map.data.unwrap_or_default();
    // Keys of others are no gates.
    let named = data.iter().filter_map(|(key, value)| Some((key.parse().ok()?, read(value))));
    Ok((named.collect(), map.metadata.resource_version))
}

/// Writes the key of one gate, if the ConfigMap still has that version.
async fn write(
    api: &Api<ConfigMap>,
    map: &str,
    name: &GateName,
    gate: &Gate,
    version: Option<String>,
) -> Result<(), StoreError> {
    let data = BTreeMap::from([(name.to_string(), json!(gate).to_string())]);
    if let Some(version) = version {
        let change = json!({"metadata": {"resourceVersion": version}, "data": data});
        within(api.patch(map, &PatchParams::default(), &Patch::Merge(&change))).await.map(drop)
    } else {
        let mut created = ConfigMap { data: Some(data), ..ConfigMap::default() };
        created.metadata.name = Some(map.into());
        within(api.create(&PostParams::default(), &created)).await.map(drop)
    }
}

async fn within<T>(asking: impl Future<Output = kube::Result<T>>) -> Result<T, StoreError> {
    let answer = timeout(PATIENCE, asking).await.map_err(|_| StoreError::Late)?;
    answer.map_err(|error| StoreError::Kube(Box::new(error)))
}

impl StoreError {
    /// Whether another replica wrote, or created the ConfigMap, in between.
    fn is_conflict(&self) -> bool {
        match self {
            Self::Kube(error) => matches!(&**error, kube::Error::Api(answer) if answer.code == 409),
            Self::Late | Self::Contended | Self::Unreadable(..) | Self::Full => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{gate::GateKind, hook::Hook};

    fn named(name: &str) -> GateName {
        let hook = Hook { name: name.into(), namespace: "prod".into(), ..Hook::default() };
        GateName::of(GateKind::Gate, &hook).unwrap()
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[tokio::test]
    async fn a_gate_is_closed_until_it_is_opened_and_since_changes_with_the_state_alone() {
        let gates = Gates::in_memory();
        let web = named("web");
        assert_eq!(gates.check(&web, at(1)).await.unwrap(), State::Closed);
        gates.set(&web, State::Closed, "a hook", at(2)).await.unwrap();
        let gate = |state, since, by: &str| Gate { state, since: Moment(at(since)), by: by.into() };
        assert_eq!(gates.all().await.unwrap()[&web], Ok(gate(State::Closed, 1, "never opened")));
        gates.set(&web, State::Open, "the page", at(3)).await.unwrap();
        gates.set(&web, State::Open, "a hook", at(4)).await.unwrap();
        assert_eq!(gates.check(&web, at(5)).await.unwrap(), State::Open);
        assert_eq!(gates.all().await.unwrap()[&web], Ok(gate(State::Open, 3, "the page")));
        assert_eq!(gates.check(&named("other"), at(6)).await.unwrap(), State::Closed);
    }

    #[tokio::test]
    async fn gates_beyond_the_bound_are_refused_and_known_ones_still_change() {
        let gates = Gates::in_memory();
        for number in 0..MOST_GATES {
            gates.check(&named(&format!("web-{number}")), at(1)).await.unwrap();
        }
        assert!(matches!(gates.check(&named("one-more"), at(2)).await, Err(StoreError::Full)));
        gates.set(&named("web-0"), State::Open, "a hook", at(3)).await.unwrap();
        assert_eq!(gates.check(&named("web-0"), at(4)).await.unwrap(), State::Open);
    }

    #[test]
    fn a_gate_is_kept_as_people_can_read_it() {
        let gate = Gate { state: State::Open, since: Moment(at(1_767_225_600)), by: "the page".into() };
        let text = r#"{"by":"the page","since":"2026-01-01T00:00:00Z","state":"open"}"#;
        assert_eq!(json!(gate).to_string(), text);
        assert_eq!(serde_json::from_str::<Gate>(text).unwrap(), gate);
    }
}
