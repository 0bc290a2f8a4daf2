"""Turns Deployments of Celery into the CeleryDeployment that replaces them: ``kubectl celery convert``.

``sources`` reads manifests from files or from the cluster, and ``run`` prints. Everything else is pure:

- ``celery_command``: what a container runs, as the options of ``celery worker``, ``beat`` or ``flower``
- ``environment``, ``connections``: its variables, and the broker and the result backend in them
- ``pod/``: what of its pod has a field, what goes into a template, and what the operator does itself
- ``scaling/``: KEDA, HorizontalPodAutoscalers and PodDisruptionBudgets
- ``worker``, ``beat``, ``flower``: one part of the resource each
- ``application``, ``names``: which parts belong to one resource, and what it is called
- ``common_fields``: what the parts share
- ``draft``, ``commented_yaml``: fields with comments, and their text
- ``conversion``: from the objects to the text
"""
