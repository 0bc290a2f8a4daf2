"""Which workers the operator replaces, and which restarts of the kubelet have to wait."""
