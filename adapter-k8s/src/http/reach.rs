//! Which addresses requests may be sent to, if users of the controller wrote the address.
//!
//! A cloud's metadata service, which issues credentials, has a link-local address; the API server trusts the network of
//! the controller. Both addresses are refused, also after a name is resolved, unless `--allow-address` allows them.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use tokio::net::lookup_host;

/// The allowed addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Host and port of the API server.
    api_server: Option<(String, u16)>,
    /// Hosts and ports that the controller's own flags name.
    own: Vec<(String, u16)>,
    allowed: Vec<Network>,
}

/// An address that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {what}, which is not called; --allow-address={address} allows it")]
pub(super) struct Refused {
    address: IpAddr,
    what: &'static str,
}

/// How the addresses of a name are checked. Each check needs a client of its own, because connections are reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Guard {
    /// The controller's own flags name it.
    Open,
    /// Link-local addresses are refused.
    LinkLocal,
    /// So are those of the API server, whose port it is.
    ApiServer,
}

impl Reach {
    /// Also refuses the API server with this address.
    #[must_use]
    pub fn beside(api_server: &str, allowed: Vec<Network>) -> Self {
        Self { api_server: origin(api_server), own: Vec::new(), allowed }
    }

    /// Allows an address that a flag names; a value that is not a URL is ignored.
    #[must_use]
    pub fn opening(mut self, url: &str) -> Self {
        self.own.extend(origin(url));
        self
    }

    /// How the addresses of a URL's host are checked.
    ///
    /// # Errors
    /// The address is refused.
    pub(super) async fn guard(&self, url: &Url) -> Result<Guard, Refused> {
        let Some((host, port)) = of(url) else { return Ok(Guard::LinkLocal) };
        if self.own.contains(&(host.clone(), port)) {
            return Ok(Guard::Open);
        }
        let is_api_port = self.api_server.as_ref().is_some_and(|(_, api)| *api == port);
        let guard = if is_api_port { Guard::ApiServer } else { Guard::LinkLocal };
        if let Ok(address) = host.parse() {
            self.check(address, guard, &self.api_addresses(guard).await)?;
        }
        Ok(guard)
    }

    fn check(&self, address: IpAddr, guard: Guard, api_server: &[IpAddr]) -> Result<(), Refused> {
        let plain = plain(address);
        let what = match guard {
            Guard::Open => None,
            Guard::LinkLocal | Guard::ApiServer if is_link_local(plain) => Some("a link-local address"),
            Guard::ApiServer if api_server.contains(&plain) => Some("the API server"),
            Guard::LinkLocal | Guard::ApiServer => None,
        };
        let is_allowed = || self.allowed.iter().any(|network| network.holds(plain));
        what.filter(|_| !is_allowed()).map_or(Ok(()), |what| Err(Refused { address: plain, what }))
    }

    async fn api_addresses(&self, guard: Guard) -> Vec<IpAddr> {
        match (&self.api_server, guard) {
            (Some((host, port)), Guard::ApiServer) => {
                let found = lookup_host((host.as_str(), *port)).await.into_iter().flatten();
                found.map(|address| plain(address.ip())).collect()
            }
            (Some(_) | None, _) => Vec::new(),
        }
    }
}

/// Resolves names, and leaves out refused addresses.
pub(super) struct Resolver {
    pub(super) reach: Arc<Reach>,
    pub(super) guard: Guard,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, guard) = (self.reach.clone(), self.guard);
        Box::pin(async move {
            let api_server = reach.api_addresses(guard).await;
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            let checked = |address: &SocketAddr| reach.check(address.ip(), guard, &api_server);
            let called: Vec<SocketAddr> = found.iter().filter(|it| checked(it).is_ok()).copied().collect();
            match found.iter().find_map(|address| checked(address).err()) {
                Some(refused) if called.is_empty() => Err(refused.into()),
                Some(_) | None => Ok(Box::new(called.into_iter()) as Addrs),
            }
        })
    }
}

fn origin(url: &str) -> Option<(String, u16)> {
    of(&Url::parse(url).ok()?)
}

/// Host and port; an IPv6 address without its brackets.
fn of(url: &Url) -> Option<(String, u16)> {
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
    Some((host.into(), url.port_or_known_default()?))
}

/// The IPv4 address, in any IPv6 notation.
fn plain(address: IpAddr) -> IpAddr {
    const TRANSLATED: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];
    match address {
        IpAddr::V6(v6)
            if v6.segments()[..6] == TRANSLATED || v6.segments()[..6] == [0; 6] && v6.segments()[6] != 0 =>
        {
            let [.., a, b, c, d] = v6.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
        IpAddr::V4(_) | IpAddr::V6(_) => address.to_canonical(),
    }
}

fn is_link_local(address: IpAddr) -> bool {
    /// The IPv6 address of Amazon's metadata service, which is not link-local but has the same purpose.
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6 == METADATA,
    }
}

/// Addresses with the same prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    begin: IpAddr,
    bits: u8,
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        };
        let ((begin, family), (address, other)) = (bits(self.begin), bits(address));
        family == other && (begin ^ address).checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
    }
}

impl std::str::FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected an IP address, or addresses such as 169.254.0.0/16, not `{text}`");
        let (begin, bits) = text.split_once('/').map_or((text, None), |(begin, bits)| (begin, Some(bits)));
        let begin: IpAddr = begin.parse().map_err(|_| wrong())?;
        let most = if begin.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > most { Err(wrong()) } else { Ok(Self { begin, bits }) }
    }
}

/// Whether each of several URLs is allowed, in order; the error if not.
#[cfg(test)]
async fn judged(reach: &Reach, urls: &[&str]) -> Vec<String> {
    let judge = async |url: &&str| match reach.guard(&Url::parse(url).unwrap()).await {
        Ok(guard) => format!("{guard:?}"),
        Err(refused) => refused.to_string(),
    };
    futures::future::join_all(urls.iter().map(judge)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn link_local_addresses_are_refused_in_every_notation() {
        let forms = [
            "http://169.254.169.254/latest",
            "http://0xA9FEA9FE/",
            "http://2852039166:80/",
            "http://[::ffff:169.254.169.254]/",
            "http://[::169.254.169.254]/",
            "http://[64:ff9b::169.254.169.254]/",
            "https://[fe80::1]/",
            "http://[fd00:ec2::254]/",
        ];
        let judged = judged(&Reach::default(), &forms).await;
        assert!(judged.iter().all(|said| said.ends_with("allows it")), "{judged:#?}");
        assert_eq!(
            judged[0],
            "169.254.169.254 is a link-local address, which is not called; --allow-address=169.254.169.254 allows it"
        );
    }

    #[tokio::test]
    async fn the_api_server_is_refused_by_address_and_port() {
        let reach = Reach::beside("https://127.0.0.1:6443", Vec::new());
        let urls = [
            "http://127.0.0.1:6443/",
            "https://127.0.0.1:443/",
            "https://127.0.0.2:6443/",
            "http://localhost:6443/",
        ];
        let said = judged(&reach, &urls).await;
        assert!(said[0].starts_with("127.0.0.1 is the API server"), "{said:?}");
        // The addresses of a name are checked once it is resolved.
        assert_eq!(said[1..], ["LinkLocal", "ApiServer", "ApiServer"]);
        let resolver = Resolver { reach: Arc::new(reach), guard: Guard::ApiServer };
        let error = resolver.resolve("localhost".parse().unwrap()).await.err();
        assert!(
            error.is_none_or(|error| error.to_string().contains("the API server")),
            "::1 is another address"
        );
    }

    #[tokio::test]
    async fn addresses_that_a_flag_names_or_allows_are_allowed() {
        let allowed = vec!["169.254.1.0/24".parse().unwrap(), "fe80::1".parse().unwrap()];
        let reach = Reach::beside("https://10.0.0.1", allowed).opening("http://169.254.2.2:9090/prometheus");
        let urls = ["http://169.254.1.9/", "http://[fe80::1]/", "http://169.254.2.2:9090/x"];
        assert_eq!(judged(&reach, &urls).await, ["LinkLocal", "LinkLocal", "Open"]);
        let urls = ["http://169.254.2.2/", "http://[fe80::2]/", "https://10.0.0.1/"];
        assert!(judged(&reach, &urls).await.iter().all(|said| said.ends_with("allows it")));
    }

    #[test]
    fn a_network_is_an_address_or_a_prefix() {
        let holds = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().holds(address.parse().unwrap())
        };
        assert!(holds("0.0.0.0/0", "255.1.2.3") && !holds("0.0.0.0/0", "::1") && holds("::/0", "fe80::1"));
        assert!(holds("10.0.0.0/9", "10.127.0.1") && !holds("10.0.0.0/9", "10.128.0.1"));
        for wrong in ["", "10.0.0.0/33", "::/129", "localhost", "10.0.0.1:80", "10.0.0.0/x"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
