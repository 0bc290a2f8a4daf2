"""The operator that keeps a CeleryDeployment's workers running and reports their health."""
