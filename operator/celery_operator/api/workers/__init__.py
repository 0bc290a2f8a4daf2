"""A group of workers in the spec: its fields, and what the API server refuses."""
