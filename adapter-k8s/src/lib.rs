//! serin-k8s
