//! Files that are checked together, and the places of the findings.

use serin_output::Terminal;

use crate::{Code, Finding, Input, Settings, json, lint, text};

fn settings() -> Settings {
    Settings { provider: "istio".into(), namespace: "flagger-system".into(), release: None, controller: None }
}

/// The findings of each file, without those of a minimal Canary.
fn found(files: &[&str]) -> Vec<Vec<Finding>> {
    let inputs: Vec<Input> =
        files.iter().map(|text| Input { path: "a.yaml".into(), text: Ok((*text).into()) }).collect();
    let report = lint(&inputs, &settings());
    let usual = [
        Code::DefaultInterval,
        Code::DefaultThreshold,
        Code::DefaultSteps,
        Code::NoMetrics,
        Code::NothingToCheck,
    ];
    let files = report.files.into_iter();
    files.map(|file| file.findings.into_iter().filter(|one| !usual.contains(&one.code)).collect()).collect()
}

/// Code, line, column and field of each finding.
fn placed(files: &[&str]) -> Vec<Vec<(&'static str, usize, usize, String)>> {
    let place = |finding: Finding| {
        let (line, column) = finding.at.unwrap_or_default();
        (finding.code.name(), line, column, finding.field)
    };
    found(files).into_iter().map(|file| file.into_iter().map(place).collect()).collect()
}

const CANARY: &str = "\
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: shop, namespace: prod}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  service: {port: 80, targetPort: 8080}
  analysis: {}
";
const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: prod}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: front}}
  template:
    metadata: {labels: {app.kubernetes.io/name: front}}
    spec: {containers: [{name: shop, ports: [{containerPort: 8080}]}]}
";
const POLICY: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: prod}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
    - from:
        - podSelector: {matchLabels: {app.kubernetes.io/name: front}}
";

#[test]
fn a_policy_in_another_file_is_reported_there() {
    let policy = ("policy-without-primary", 8, 11, "spec.ingress[0].from[0].podSelector".to_owned());
    assert_eq!(placed(&[CANARY, DEPLOYMENT, POLICY]), [vec![], vec![], vec![policy]]);
}

#[test]
fn policies_that_allow_the_primary_or_do_not_apply_are_not_reported() {
    let nothing: [Vec<Finding>; 3] = Default::default();
    for policy in [
        POLICY.replace("namespace: prod", "namespace: other"),
        POLICY.replace("name: front", "name: basket"),
        POLICY.to_owned() + "        - podSelector: {matchLabels: {app.kubernetes.io/name: front-primary}}\n",
        POLICY.to_owned() + "        - ipBlock: {cidr: 10.0.0.0/8}\n",
        POLICY.replace("{matchLabels: {app.kubernetes.io/name: front}}", "{}"),
        format!("{POLICY}---\n{CANARY}").replace("name: front", "name: basket"),
        POLICY.replace("networking.k8s.io", "projectcalico.org"),
    ] {
        assert_eq!(found(&[CANARY, DEPLOYMENT, &policy]), nothing, "{policy}");
    }
}

#[test]
fn ports_are_compared_by_name_and_by_number() {
    let codes = |port: &str| {
        let canary = CANARY.replace("port: 80, targetPort: 8080", port);
        let found = found(&[&canary, DEPLOYMENT]).swap_remove(0);
        found.into_iter().map(|finding| (finding.code.name(), finding.field)).collect::<Vec<_>>()
    };
    let lacks = |field: &str| vec![("no-such-port", field.to_owned())];
    assert_eq!(codes("port: 80, targetPort: 8080"), []);
    assert_eq!(codes("port: 80, targetPort: '8080'"), []);
    assert_eq!(codes("port: 8080"), []);
    assert_eq!(codes("port: 80"), lacks("spec.service.port"));
    assert_eq!(codes("port: 80, targetPort: 80"), lacks("spec.service.targetPort"));
    assert_eq!(codes("port: 80, targetPort: http"), lacks("spec.service.targetPort"));
}

#[test]
fn objects_of_a_list_are_checked_too() {
    let service = "{apiVersion: v1, kind: Service, metadata: {name: other}, spec: {selector: {app.kubernetes.io/name: front}}}";
    let list = format!("apiVersion: v1\nkind: List\nitems:\n  - {service}\n");
    let told = ("service-selects-target", "items[0].spec.selector".to_owned());
    let found = found(&[CANARY, DEPLOYMENT, &list]).swap_remove(2);
    assert_eq!(found.into_iter().map(|one| (one.code.name(), one.field)).collect::<Vec<_>>(), [told]);
}

#[test]
fn an_autoscaler_of_another_target_is_not_reported() {
    let scaler = |name: &str| {
        format!(
            "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {{name: s}}\nspec: {{scaleTargetRef: {{name: {name}}}}}\n"
        )
    };
    let codes =
        |name: &str| found(&[CANARY, &scaler(name)])[0].iter().map(|one| one.code.name()).collect::<Vec<_>>();
    assert_eq!(codes("shop"), ["autoscaler-not-named"]);
    assert!(codes("shop-primary").is_empty());
}

#[test]
fn a_syntax_error_in_a_query_has_a_place_in_the_file() {
    let template = |query: &str| {
        format!(
            "apiVersion: flagger.app/v1beta1\nkind: MetricTemplate\nmetadata: {{name: m}}\nspec:\n  provider: {{type: prometheus, address: \"http://p\"}}\n{query}"
        )
    };
    for (query, code, line, column) in [
        (
            "  query: |\n    sum(\n      rate(a{b=\"{{ target }}\"}[{{ interval }])\n    )\n",
            "query-template-invalid",
            8,
            44,
        ),
        (
            "  query: |\n    sum(rate(a{b=\"{{ target }}\"}[1m]) /\n    sum(rate(a[1m]))\n",
            "query-invalid",
            7,
            8,
        ),
        ("  query: >-\n    sum(rate(a{b=\"{{ target }}\"}[1m]))\n    & 2\n", "query-invalid", 8, 5),
        ("  query: 'sum(rate(a{b=\"{{ trget }}\"}[1m]))'\n", "query-unknown-variable", 6, 28),
        ("  query: \"sum(rate(a{b=\\\"{{ target }}\\\"}[1m])) sum\"\n", "query-invalid", 6, 48),
    ] {
        let found = placed(&[&template(query)]).swap_remove(0);
        assert_eq!(found, [(code, line, column, "spec.query".to_owned())], "{query}");
    }
}

const RECEIVER: &str = "\
apiVersion: flagger.app/v1beta1
kind: AlertProvider
metadata: {name: chat, namespace: prod}
spec: {type: slack, secretRef: {name: chat}}
";

const TEMPLATE: &str = "\
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {name: errors, namespace: prod}
spec:
  provider: {type: prometheus, address: \"http://prometheus\", secretRef: {name: chat}}
  query: sum(rate(requests_total{app=\"{{ target }}\"}[{{ interval }}]))
";

/// A Secret of this name and namespace with these fields.
fn secret(name: &str, namespace: &str, data: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}}}\n{data}\n")
}

#[test]
fn a_secret_in_the_files_has_the_keys_that_are_read() {
    let lacks = |object: &str, secrets: &[String]| -> Vec<String> {
        let files: Vec<&str> = [object].into_iter().chain(secrets.iter().map(String::as_str)).collect();
        found(&files)[0].iter().map(|one| format!("{}; {}", one.what, one.remedy)).collect()
    };
    let of = |data: &str| [secret("chat", "prod", data)];
    assert_eq!(lacks(RECEIVER, &of("stringData: {address: \"https://chat.test/\"}")), [""; 0]);
    assert_eq!(lacks(RECEIVER, &of("data: {address: aHR0cHM6Ly9jaGF0Lw==}")), [""; 0]);
    assert_eq!(
        lacks(RECEIVER, &of("stringData: {adress: \"https://chat.test/\"}")),
        ["Secret chat has no `address`, which slack needs; rename its key `adress` to `address`"]
    );
    assert_eq!(
        lacks(RECEIVER, &of("data: {address: \"\"}")),
        [
            "Secret chat has no `address`, which slack needs; add the keys to the Secret, or name another one; this \
          one has none"
        ]
    );
    for enough in ["data: {token: dA==}", "data: {username: dQ==, password: cA==}"] {
        assert_eq!(lacks(TEMPLATE, &of(enough)), [""; 0], "{enough}");
    }
    assert_eq!(
        lacks(TEMPLATE, &of("data: {username: dQ==, url: cA==}")),
        [
            "Secret chat has no `token`, or `username` and `password`, which prometheus needs; add the keys to the \
          Secret, or name another one; this one has `url`, `username`"
        ]
    );
    // A Secret of another namespace, one of two clusters' Secrets that has the key, and none at all.
    assert_eq!(lacks(RECEIVER, &[secret("chat", "stage", "data: {}")]), [""; 0]);
    let [good, bad] = ["data: {address: YQ==}", "data: {}"].map(|data| secret("chat", "prod", data));
    assert_eq!(lacks(RECEIVER, &[bad, good]), [""; 0]);
    assert_eq!(lacks(RECEIVER, &[]), [""; 0]);
}

/// Whatever is wrong with a Secret, its values are not printed.
#[test]
fn no_value_of_a_secret_is_shown() {
    const HIDDEN: &str = "hunter2";
    let annotation = "  annotations: {kubectl.kubernetes.io/last-applied-configuration: hunter2}";
    let secrets = [
        secret("chat", "prod", "stringData: {url: hunter2, adress: hunter2}"),
        secret("chat", "prod", "data: hunter2"),
        secret("chat", "prod", "stringData: [hunter2]"),
        secret("chat", "prod", "stringData: {address: {hunter2: hunter2}}"),
        secret("chat", "prod", "stringData: {a: hunter2, a: hunter2}"),
        format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: chat\n{annotation}\ndata: {{a: b}}\n"),
    ];
    for secret in secrets {
        let inputs =
            [RECEIVER, TEMPLATE, &secret].map(|text| Input { path: "a.yaml".into(), text: Ok(text.into()) });
        let report = lint(&inputs, &settings());
        let shown = text::text(&report, false, &Terminal::new(80, true)) + &json::lines(&report, false);
        assert!(!shown.contains(HIDDEN), "{secret}\n{shown}");
        assert!(!format!("{report:?}").contains(HIDDEN), "{secret}");
    }
}
