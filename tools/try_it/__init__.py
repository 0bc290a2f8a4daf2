"""``make try``: a shop with load and the monitor on this machine, without a cluster and without root."""
