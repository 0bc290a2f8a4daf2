"""What the operator costs with 20 to 500 CeleryDeployments, without a cluster."""
