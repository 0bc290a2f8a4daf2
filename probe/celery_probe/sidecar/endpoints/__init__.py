"""The HTTP endpoints: probes, report, metrics and orders."""
