"""An application that fails on import, with a secret in its error."""

raise RuntimeError("cannot reach redis://user:geheim@cache/0")
