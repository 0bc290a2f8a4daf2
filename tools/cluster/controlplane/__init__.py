"""The control plane: etcd, kube-apiserver, the controller-manager and the scheduler."""
