{{- define "celery-operator.policyName" -}}
{{- printf "%s-%s-%s" (include "celery-operator.fullname" .root) .root.Release.Namespace .subject -}}
{{- end }}

{{/* Metadata, and what every policy has in common: only requests of the operator are checked. */}}
{{- define "celery-operator.policyHead" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: {{ include "celery-operator.policyName" . }}
  labels:
    {{- include "celery-operator.labels" .root | nindent 4 }}
{{- end }}

{{- define "celery-operator.policyOfOperator" -}}
failurePolicy: Fail
matchConditions:
  - name: by-the-operator
    expression: request.userInfo.username == "system:serviceaccount:{{ .root.Release.Namespace }}:{{ include "celery-operator.serviceAccountName" .root }}"
{{- end }}

{{- define "celery-operator.policyBinding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ include "celery-operator.policyName" . }}
  labels:
    {{- include "celery-operator.labels" .root | nindent 4 }}
spec:
  policyName: {{ include "celery-operator.policyName" . }}
  validationActions: [Deny]
{{- end }}

{{/* The CeleryDeployment that controls the object, and the labels of the object. */}}
{{- define "celery-operator.ownerVariables" -}}
- name: subject
  expression: 'request.operation == "DELETE" ? oldObject : object'
- name: owners
  expression: >-
    has(variables.subject.metadata.ownerReferences)
    ? variables.subject.metadata.ownerReferences.filter(owner, has(owner.controller) && owner.controller)
    : []
- name: labels
  expression: 'has(variables.subject.metadata.labels) ? variables.subject.metadata.labels : {}'
{{- end }}

{{- define "celery-operator.ownerValidations" -}}
- expression: >-
    variables.owners.exists(owner, owner.kind == "CeleryDeployment"
    && owner.apiVersion.startsWith("celery-operator.dev/")
    && variables.subject.metadata.name.startsWith(owner.name + "-"))
  message: the operator changes only objects that a CeleryDeployment controls and whose name begins with its name
- expression: >-
    request.operation == "DELETE"
    || ("app.kubernetes.io/managed-by" in variables.labels
    && variables.labels["app.kubernetes.io/managed-by"] == "celery-operator"
    && "app.kubernetes.io/instance" in variables.labels
    && variables.owners.exists(owner, owner.name == variables.labels["app.kubernetes.io/instance"]))
  message: the operator labels each object with itself as manager and the CeleryDeployment as instance
- expression: >-
    request.operation != "UPDATE"
    || (has(oldObject.metadata.ownerReferences) && oldObject.metadata.ownerReferences.exists(old,
    has(old.controller) && old.controller && variables.owners.exists(owner, owner.uid == old.uid)))
  message: the operator takes over no object of another owner
{{- end }}
