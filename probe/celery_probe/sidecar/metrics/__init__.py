"""The metrics that the sidecar serves."""
