{{/* Permissions of the operator in each namespace that it manages. */}}
{{- define "celery-operator.rules" -}}
- apiGroups: [celery-operator.dev]
  resources: [celerydeployments]
  # patch: only for what users of a monitor ask for: annotations and replicas.
  verbs: [get, list, watch, patch]
- apiGroups: [celery-operator.dev]
  resources: [celerydeployments/status]
  verbs: [patch]
# For owner references with blockOwnerDeletion.
- apiGroups: [celery-operator.dev]
  resources: [celerydeployments/finalizers]
  verbs: [update]
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [services, serviceaccounts]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods/eviction]
  verbs: [create]
- apiGroups: [""]
  resources: [pods]
  # patch: only for the pod deletion cost.
  verbs: [list, watch, patch]
# By name, to see which Deployment a pod belongs to.
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [get]
# The volumes of monitor, beat and managed Redis. The operator deletes none.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, create, patch]
# By name only: Secrets that a CeleryDeployment names, and the operator's own Secrets with generated tokens and passwords.
- apiGroups: [""]
  resources: [secrets]
  verbs: [{{ if .Values.operator.readSecrets }}get, {{ end }}create, patch]
# By name only: ConfigMaps from which pods have variables.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- if eq .Values.operator.reportAccess "proxy" }}
- apiGroups: [""]
  resources: [pods/proxy]
  verbs: [get, create]
{{- end }}
{{- end }}
