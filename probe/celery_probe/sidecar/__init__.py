"""The HTTP server beside a worker or beat: probes, report, metrics and orders."""
