"""The CeleryDeployment as types: spec, status, names, annotations and the rules of its CRD."""
