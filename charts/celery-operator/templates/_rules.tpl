{{/* What the operator asks of the API server where CeleryDeployments live. */}}
{{- define "celery-operator.rules" -}}
- apiGroups: [celery-operator.dev]
  resources: [celerydeployments]
  verbs: [get, list, watch]
- apiGroups: [celery-operator.dev]
  resources: [celerydeployments/status]
  verbs: [get, patch]
# For owner references that block the owner's deletion.
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
  # patch: the annotation that ranks a drained pod for deletion, nothing else.
  verbs: [get, list, watch, patch]
# By name only: those that a CeleryDeployment refers to, and the probe token that the operator makes.
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
