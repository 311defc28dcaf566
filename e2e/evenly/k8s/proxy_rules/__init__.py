"""The rules that kube-proxy writes on a node, read there."""
