"""The metrics of the monitor. docs/reference/metrics.md lists them."""
