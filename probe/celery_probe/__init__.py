"""What runs in a worker's pod: the agent inside the worker process and the sidecar that answers probes."""
