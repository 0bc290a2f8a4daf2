"""Fair shares: what many CeleryDeployments use together, and how little of it each of them can take away."""
