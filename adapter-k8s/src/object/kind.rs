//! Kinds of objects, as the API server names them.

use std::{cmp::Ordering, ops::Deref};

/// A kind of objects. Every object and every note about it has its kind, so this is only a reference.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Kind(&'static Names);

/// The names of a kind in the API.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Names {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Name in paths.
    pub plural: &'static str,
    /// Version of the group.
    pub version: &'static str,
    /// Name of the kind.
    pub kind: &'static str,
    /// Whether its objects are in a namespace.
    pub namespaced: bool,
    /// A hash of all of these.
    number: u64,
}

impl Deref for Kind {
    type Target = Names;

    fn deref(&self) -> &Names {
        self.0
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> Ordering {
        // Lookups compare kinds often, and mostly equal ones. The compiler can place a constant at several addresses,
        // so the hash decides and not the address.
        if self.number == other.number { Ordering::Equal } else { self.0.cmp(other.0) }
    }
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Kind {
    /// The kind of these names.
    #[must_use]
    pub const fn of(names: &'static Names) -> Self {
        Self(names)
    }

    /// The names of a kind whose objects are in a namespace.
    #[must_use]
    pub const fn names(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        plural: &'static str,
    ) -> Names {
        let mut number = 0xcbf2_9ce4_8422_2325;
        let mut part = 0;
        while part < 4 {
            number = mixed(number, [group, version, kind, plural][part].as_bytes());
            part += 1;
        }
        Names { group, plural, version, kind, namespaced: true, number }
    }

    /// The names of a kind whose objects are not in a namespace.
    #[must_use]
    pub const fn names_in_cluster(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        plural: &'static str,
    ) -> Names {
        Names { namespaced: false, ..Self::names(group, version, kind, plural) }
    }

    /// `group/version`, as in manifests.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.into() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// FNV-1a, with a separator after each text.
const fn mixed(mut number: u64, text: &[u8]) -> u64 {
    let mut index = 0;
    while index <= text.len() {
        let byte = if index < text.len() { text[index] } else { 0xff };
        number = (number ^ byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
        index += 1;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::DEPLOYMENT;

    #[test]
    fn a_kind_equals_its_copies_and_no_other_kind() {
        const HERE: Kind = Kind::of(&Kind::names("apps", "v1", "Deployment", "deployments"));
        assert_eq!((HERE, HERE.number), (DEPLOYMENT, DEPLOYMENT.number));
        const PARTED: Kind = Kind::of(&Kind::names("app", "sv1", "Deployment", "deployments"));
        assert_ne!(HERE.number, PARTED.number);
    }
}
