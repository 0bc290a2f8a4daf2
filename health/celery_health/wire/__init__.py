"""The contract between agent, sidecar and operator: what each of them writes and the others read."""
