//go:build tools

// Package tools names what the tests run, and the modules whose CRDs they apply.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "istio.io/api/networking/v1"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "sigs.k8s.io/gateway-api/apis/v1"
)
