"""How hypothesis looks for counterexamples: the same ones every time, or new ones for as long as you like."""

from hypothesis import settings

# The machine may be busy: an example that takes long is no finding.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, max_examples=3000)
settings.load_profile("repeatable")
