{{/* Permissions of the operator in each namespace that it manages. */}}
{{- define "celery-operator.rules" -}}
- apiGroups: [celery-operator.dev]
  resources: [celerydeployments]
  verbs: [get, list, watch]
- apiGroups: [celery-operator.dev]
  resources: [celerydeployments/status]
  verbs: [get, patch]
# For owner references with blockOwnerDeletion.
- apiGroups: [celery-operator.dev]
  resources: [celerydeployments/finalizers]
  verbs: [update]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [services, serviceaccounts]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods/eviction]
  verbs: [create]
- apiGroups: [""]
  resources: [pods]
  # patch: only for the pod deletion cost.
  verbs: [get, list, watch, patch]
# The volume of a monitor. The operator deletes none.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, create, patch]
# By name only: Secrets that a CeleryDeployment names, and the Secrets with the tokens of sidecars and monitor.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- if eq .Values.operator.reportAccess "proxy" }}
- apiGroups: [""]
  resources: [pods/proxy]
  verbs: [get, create]
{{- end }}
{{- end }}
