"""The operator that keeps a CeleryDeployment's workers running and tells how they are."""
