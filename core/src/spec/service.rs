//! The services of a workload: of the primary, of the canary, and the apex that users call.

use alloc::string::String;
use core::ops::RangeInclusive;

use super::{
    parse::{Problems, filled},
    raw::{self, IntOrString, Number, ServiceMetadata, UnmanagedMetadata},
};
use crate::revision::Text;

/// Valid port numbers.
const PORTS: RangeInclusive<i64> = 1..=65_535;

/// How the services of a Canary are made; their names follow from that of the apex.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// Number of the port; `None` if the manifest does not give one, and no service can be made.
    pub port: Option<u16>,
    /// Its name; `None` if it has the default name.
    pub port_name: Option<Text>,
    /// Port of the pods; `None` if it has the same number.
    pub target_port: Option<TargetPort>,
    /// Protocol of the port, as Kubernetes calls it in `appProtocol`.
    pub app_protocol: Option<Text>,
    /// Add the other ports of the pods.
    pub port_discovery: bool,
    /// Make services without a cluster address.
    pub headless: bool,
    /// Which endpoints the services prefer.
    pub traffic_distribution: Option<Text>,
    /// Metadata of the apex service and of the objects with its name; `None` if the manifest does not give any.
    pub apex: Option<ServiceMetadata>,
    /// Metadata of the primary's service.
    pub primary: ServiceMetadata,
    /// Metadata of the canary's service.
    pub canary: ServiceMetadata,
    /// Metadata of owned services that other clients write.
    pub unmanaged: UnmanagedMetadata,
}

/// A port of the pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetPort {
    /// By number.
    Number(u16),
    /// By its name in the container.
    Name(Text),
}

impl Service {
    /// Whether a router sees connections instead of requests: they can be divided by weight only.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        self.app_protocol.as_deref().is_some_and(|protocol| protocol.eq_ignore_ascii_case("tcp"))
    }

    /// `spec.service`. Adds a problem for each invalid port.
    pub(super) fn parse(raw: &raw::Service, problems: &mut Problems<'_>) -> Self {
        let text = |text: &Option<String>| filled(text.as_deref()).map(Text::from);
        Self {
            port: raw.port.and_then(|port| port_number(port, problems)),
            port_name: text(&raw.port_name),
            target_port: raw.target_port.as_ref().and_then(|port| target_port(port, problems)),
            app_protocol: text(&raw.app_protocol),
            port_discovery: raw.port_discovery == Some(true),
            headless: raw.headless == Some(true),
            traffic_distribution: text(&raw.traffic_distribution),
            apex: raw.apex.clone(),
            primary: raw.primary.clone().unwrap_or_default(),
            canary: raw.canary.clone().unwrap_or_default(),
            unmanaged: raw.unmanaged_metadata.clone().unwrap_or_default(),
        }
    }
}

fn port_number(port: Number, problems: &mut Problems<'_>) -> Option<u16> {
    let number = port.whole().filter(|port| PORTS.contains(port)).and_then(|port| u16::try_from(port).ok());
    if number.is_none() {
        problems.add("port", "must be a port, 1 to 65535");
    }
    number
}

/// 0 means the same as a field that is left out.
fn target_port(port: &IntOrString, problems: &mut Problems<'_>) -> Option<TargetPort> {
    match port {
        IntOrString::Int(0) => None,
        IntOrString::Int(number) => {
            let number = u16::try_from(*number).ok();
            if number.is_none() {
                problems.add("targetPort", "must be a port, 1 to 65535, or the name of one");
            }
            number.map(TargetPort::Number)
        }
        IntOrString::String(name) if name.is_empty() || name == "0" => None,
        IntOrString::String(name) => Some(TargetPort::Name(name.as_str().into())),
    }
}
