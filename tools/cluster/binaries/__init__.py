"""The programs of Kubernetes and others, built from Go modules."""
