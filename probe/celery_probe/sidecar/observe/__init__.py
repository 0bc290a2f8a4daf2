"""What the sidecar knows of the worker or of beat."""
