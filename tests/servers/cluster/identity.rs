//! Clients of the API server: its certificate, the tokens of its users, and the files that contain them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

/// The key that signs everything.
pub(crate) const KEY: &str = "key.pem";
/// The API server's certificate.
pub(crate) const CERTIFICATE: &str = "certificate.pem";
/// The table of tokens.
pub(crate) const TOKENS: &str = "tokens.csv";

/// A user.
#[derive(Clone, Copy, Debug)]
pub(crate) enum User {
    /// Can do everything.
    Admin,
    /// The controller's ServiceAccount: can do what `deploy/` allows.
    Controller,
    /// Can do what a test allows.
    Limited,
}

impl User {
    const ALL: [Self; 3] = [Self::Admin, Self::Controller, Self::Limited];

    /// Its token, which is also its name in files.
    const fn token(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Controller => "controller",
            Self::Limited => "limited",
        }
    }

    /// Its name in rules.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Controller => "system:serviceaccount:serin-system:serin-controller",
            Self::Limited => "limited",
        }
    }

    const fn group(self) -> &'static str {
        match self {
            Self::Admin => "system:masters",
            Self::Controller => "system:serviceaccounts",
            Self::Limited => "limited",
        }
    }
}

/// Writes the files for an API server on that port.
pub(crate) fn write(folder: &Path, port: u16) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = made.cert.pem();
    fs::write(folder.join(CERTIFICATE), &certificate).unwrap();
    fs::write(folder.join(KEY), made.signing_key.serialize_pem()).unwrap();
    let line = |user: User| format!("{0},{1},{0},{2}\n", user.token(), user.name(), user.group());
    fs::write(folder.join(TOKENS), User::ALL.map(line).concat()).unwrap();
    for user in User::ALL {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {
                "server": format!("https://127.0.0.1:{port}"),
                "certificate-authority-data": BASE64_STANDARD.encode(&certificate),
            }}],
            "users": [{"name": "test", "user": {"token": user.token()}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "current-context": "test",
        });
        fs::write(kubeconfig(folder, user), config.to_string()).unwrap();
    }
}

/// The kubeconfig of a user.
pub(crate) fn kubeconfig(folder: &Path, user: User) -> PathBuf {
    folder.join(format!("{}.kubeconfig", user.token()))
}
