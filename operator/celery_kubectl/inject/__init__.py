"""Adds the agent, the sidecar and the probes to manifests whose owner keeps them: ``kubectl celery inject``.

Everything here is pure but ``command``.
"""
