//! What is supported, as the documents show it: drawn from the core's tables.

use serin_core::{
    provider::{Address, MetricDescriptor, ROUTERS, SCALERS, TARGETS},
    spec::{AlertSystem, MetricSystem},
};

/// The text between two markers of a document.
fn shown(document: &str, marker: &str) -> Option<String> {
    let path = format!("{}/../{document}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).ok()?;
    let (_, rest) = text.split_once(&format!("<!-- {marker}:begin -->\n"))?;
    rest.split_once(&format!("<!-- {marker}:end -->")).map(|(between, _)| between.to_owned())
}

/// Checks what a document shows between two markers.
pub(crate) fn shows(document: &str, marker: &str, drawn: &str) {
    let shown = shown(document, marker);
    assert!(
        shown.as_deref() == Some(drawn),
        "{document} has to show this between its markers `{marker}`:\n{drawn}"
    );
}

#[test]
fn documents_show_what_the_controller_supports() {
    let drawn = summary();
    shows("README.md", "providers", &drawn);
    shows("docs/controller.md", "providers", &drawn);
}

#[test]
fn the_page_of_providers_shows_every_system_receiver_and_kind() {
    shows("docs/providers.md", "metric-systems", &metric_systems());
    shows("docs/providers.md", "receivers", &receivers());
    shows("docs/providers.md", "kinds", &kinds());
}

/// Everything in one table, supported or not yet.
fn summary() -> String {
    let routers = ROUTERS.iter().map(|router| (router.name, router.driven));
    let systems = MetricSystem::ALL.into_iter().map(|system| (system.name(), system.is_driven()));
    let receivers = AlertSystem::ALL.into_iter().map(|system| (system.name(), system.is_driven()));
    let targets = TARGETS.iter().map(|target| (target.name, target.driven));
    let scalers = SCALERS.iter().map(|scaler| (scaler.kind, scaler.driven));
    let rows = [
        row("routers", true, routers),
        row("metric systems", true, systems),
        row("receivers of alerts", true, receivers),
        row("targets", false, targets),
        row("autoscalers", false, scalers),
    ];
    format!("| | the controller supports | not yet |\n|---|---|---|\n{}", rows.concat())
}

fn row(head: &str, quoted: bool, names: impl Iterator<Item = (&'static str, bool)>) -> String {
    let names: Vec<(String, bool)> = names
        .map(|(name, driven)| (if quoted { format!("`{name}`") } else { name.to_owned() }, driven))
        .collect();
    let of = |wanted: bool| {
        let names = names.iter().filter(|(_, driven)| *driven == wanted);
        names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    };
    cells(&[head, &of(true), &of(false)])
}

/// A row of a table in Markdown.
pub(crate) fn cells(cells: &[&str]) -> String {
    let cells: String = cells
        .iter()
        .map(|cell| if cell.is_empty() { " |".to_owned() } else { format!(" {cell} |") })
        .collect();
    format!("|{cells}\n")
}

/// A cell that says whether.
pub(crate) fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "" }
}

fn metric_systems() -> String {
    let rows = MetricSystem::ALL.into_iter().map(|system| {
        let MetricDescriptor {
            name,
            title: _,
            address,
            keys,
            needs_secret,
            needs_region,
            driven,
            in_flagger,
        } = *system.descriptor();
        let address = match address {
            Address::Required => "required".to_owned(),
            Address::Default(address) => format!("`{address}` if left out"),
            Address::Implied if needs_region => "none; `region` is required".to_owned(),
            Address::Implied => String::new(),
        };
        let secret = if needs_secret { format!("required: {keys}") } else { keys.to_string() };
        cells(&[&format!("`{name}`"), yes(driven), yes(in_flagger), &address, &secret])
    });
    let head =
        ["`spec.provider.type`", "supported", "in Flagger", "`address`", "keys of the Secret in `secretRef`"];
    format!("{}|---|---|---|---|---|\n{}", cells(&head), rows.collect::<String>())
}

fn receivers() -> String {
    let rows = AlertSystem::ALL.into_iter().map(|system| {
        let name = format!("`{system}`");
        cells(&[&name, yes(system.is_driven()), yes(system.is_known_to_flagger())])
    });
    format!(
        "{}|---|---|---|\n{}",
        cells(&["`spec.type`", "supported", "in Flagger"]),
        rows.collect::<String>()
    )
}

fn kinds() -> String {
    let targets = TARGETS.iter().map(|target| ("targetRef", target.name, target.api_version, target.driven));
    let scalers =
        SCALERS.iter().map(|scaler| ("autoscalerRef", scaler.kind, scaler.api_version, scaler.driven));
    let rows = targets.chain(scalers).map(|(field, name, api_version, driven)| {
        cells(&[&format!("`{field}`"), name, &format!("`{api_version}`"), yes(driven)])
    });
    let head = cells(&["reference", "kind", "`apiVersion`", "supported"]);
    format!("{head}|---|---|---|---|\n{}", rows.collect::<String>())
}
