"""Runs ``celery`` with the agent inside. This file is also the ``__main__.py`` of an installed bundle."""

from celery_probe.agent.entry import main

main()
