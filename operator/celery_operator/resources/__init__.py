"""Builds the manifests of the owned objects from the spec. Pure."""
