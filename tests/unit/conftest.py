"""How hypothesis searches for counterexamples: the same ones each time, or new ones as long as you like."""

from hypothesis import HealthCheck, settings

# The machine may be busy: an example that takes long is no finding.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeatable", PATIENT, derandomize=True, database=None)
settings.register_profile("explore", PATIENT, max_examples=3000)
settings.load_profile("repeatable")
