"""The task metrics of workers outside their process: their files, and the series that Prometheus reads."""
