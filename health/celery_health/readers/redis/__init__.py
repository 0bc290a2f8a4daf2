"""Redis, alone, behind TLS or behind Sentinel."""
