"""Which Secrets and ConfigMaps pods read as variables, and when a change of them replaces the pods. Pure."""
