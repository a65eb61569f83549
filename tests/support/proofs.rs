//! How each router is proved: the definitions by which the API server checks its objects, and the data plane that real
//! requests took. The tests of both go by this table, and `docs/routers.md` shows it.

/// How one router is proved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proof {
    /// The provider.
    pub(crate) provider: &'static str,
    /// The objects that are written for it: API version and kind of each.
    pub(crate) kinds: &'static [[&'static str; 2]],
    /// What these are checked by.
    pub(crate) schema: Schema,
    /// The data plane of the tests; `None` if no real requests are sent.
    pub(crate) requests: Option<&'static str>,
}

/// What defines the kinds of a router.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Schema {
    /// Kubernetes itself.
    Kubernetes,
    /// A Go module whose definitions all tests of the control plane have.
    Everywhere(&'static str),
    /// Files of a Go module that `tests/tools/routers` requires.
    Module {
        /// Its path.
        path: &'static str,
        /// The files in it.
        files: &'static [&'static str],
    },
    /// No package that the tests can get. They define the kinds without a schema.
    Nowhere,
}

const INGRESS: [&str; 2] = ["networking.k8s.io/v1", "Ingress"];

const SECOND_SPLIT: &[[&str; 2]] = &[["split.smi-spec.io/v1alpha2", "TrafficSplit"]];

/// Open Service Mesh ships the definition of SMI.
const SPLIT: Schema = Schema::Module {
    path: "github.com/openservicemesh/osm",
    files: &["cmd/osm-bootstrap/crds/smi_traffic_split.yaml"],
};

/// Every router that is supported.
pub(crate) const PROOFS: &[Proof] = &[
    Proof {
        kinds: &[["apisix.apache.org/v2", "ApisixRoute"]],
        // Argo Rollouts tests with a copy of APISIX's.
        schema: Schema::Module {
            path: "github.com/argoproj/argo-rollouts",
            files: &["test/e2e/crds/apisix.yaml"],
        },
        ..proof("apisix")
    },
    Proof {
        kinds: &[["appmesh.k8s.aws/v1beta1", "VirtualNode"], ["appmesh.k8s.aws/v1beta1", "VirtualService"]],
        schema: Schema::Nowhere,
        ..proof("appmesh")
    },
    Proof {
        kinds: &[
            ["appmesh.k8s.aws/v1beta2", "VirtualNode"],
            ["appmesh.k8s.aws/v1beta2", "VirtualRouter"],
            ["appmesh.k8s.aws/v1beta2", "VirtualService"],
        ],
        schema: Schema::Nowhere,
        ..proof("appmesh:v1beta2")
    },
    Proof {
        kinds: &[["projectcontour.io/v1", "HTTPProxy"]],
        schema: Schema::Module {
            path: "github.com/projectcontour/contour",
            files: &["examples/contour/01-crds.yaml"],
        },
        ..proof("contour")
    },
    Proof {
        kinds: &[["gateway.networking.k8s.io/v1", "HTTPRoute"]],
        schema: Schema::Everywhere("sigs.k8s.io/gateway-api"),
        requests: Some("Traefik"),
        ..proof("gatewayapi:v1")
    },
    Proof {
        kinds: &[["gateway.networking.k8s.io/v1beta1", "HTTPRoute"]],
        schema: Schema::Everywhere("sigs.k8s.io/gateway-api"),
        ..proof("gatewayapi:v1beta1")
    },
    Proof {
        kinds: &[["gateway.solo.io/v1", "RouteTable"], ["gloo.solo.io/v1", "Upstream"]],
        schema: Schema::Nowhere,
        ..proof("gloo")
    },
    Proof {
        kinds: &[
            ["networking.istio.io/v1beta1", "DestinationRule"],
            ["networking.istio.io/v1beta1", "VirtualService"],
        ],
        schema: Schema::Everywhere("istio.io/api"),
        ..proof("istio")
    },
    proof("kubernetes"),
    Proof {
        kinds: &[["kuma.io/v1alpha1", "TrafficRoute"]],
        schema: Schema::Module {
            path: "github.com/kumahq/kuma",
            files: &["deployments/charts/kuma/crds/kuma.io_trafficroutes.yaml"],
        },
        ..proof("kuma")
    },
    Proof { kinds: SECOND_SPLIT, schema: SPLIT, ..proof("linkerd") },
    Proof { kinds: &[INGRESS], ..proof("nginx") },
    Proof { kinds: SECOND_SPLIT, schema: SPLIT, ..proof("osm") },
    Proof { kinds: &[INGRESS], ..proof("skipper") },
    Proof {
        kinds: &[["split.smi-spec.io/v1alpha1", "TrafficSplit"]],
        schema: Schema::Nowhere,
        ..proof("smi:v1alpha1")
    },
    Proof { kinds: SECOND_SPLIT, schema: SPLIT, ..proof("smi:v1alpha2") },
    Proof {
        kinds: &[["split.smi-spec.io/v1alpha3", "TrafficSplit"]],
        schema: SPLIT,
        ..proof("smi:v1alpha3")
    },
    Proof {
        kinds: &[["traefik.io/v1alpha1", "TraefikService"]],
        schema: Schema::Module {
            path: "github.com/traefik/traefik/v3",
            files: &[
                "docs/content/reference/dynamic-configuration/traefik.io_ingressroutes.yaml",
                "docs/content/reference/dynamic-configuration/traefik.io_traefikservices.yaml",
            ],
        },
        ..proof("traefik")
    },
];

/// A router without objects of its own: what each row begins with.
const fn proof(provider: &'static str) -> Proof {
    Proof { provider, kinds: &[], schema: Schema::Kubernetes, requests: None }
}
