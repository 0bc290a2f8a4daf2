"""The demo: a shop on the local cluster, and what the operator does when something happens to it."""
