"""End-to-end tests: the chart on a real cluster, real workers, real faults."""
