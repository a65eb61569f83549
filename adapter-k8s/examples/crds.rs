//! Writes `deploy/crds.yaml`: `cargo run -p serin-k8s --example crds`.

use std::{error::Error, fs, path::Path};

const HEAD: &str = "\
# Canaries, MetricTemplates and AlertProviders: Flagger's kinds, and what Serin adds to them.
# Apply it on the server, in place of Flagger's too: kubectl apply --server-side --force-conflicts -f crds.yaml
# Made from the types in core/src/spec/raw by `cargo run -p serin-k8s --example crds`.
";

fn main() -> Result<(), Box<dyn Error>> {
    let mut text = String::from(HEAD);
    for definition in serin_k8s::crd::all() {
        text.push_str("---\n");
        text.push_str(&serde_yaml::to_string(&definition)?);
    }
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/crds.yaml"), text)?;
    Ok(())
}
