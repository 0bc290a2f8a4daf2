{{- define "celery-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride -}}
{{- end }}

{{- define "celery-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains (include "celery-operator.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "celery-operator.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "celery-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "celery-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "celery-operator.labels" -}}
{{ include "celery-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "celery-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "celery-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.create is false: name the account that exists in serviceAccount.name" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{/* repository@digest, or repository:tag with the chart's appVersion as the default tag. */}}
{{- define "celery-operator.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (default .appVersion .image.tag) -}}
{{- end -}}
{{- end }}

{{- define "celery-operator.securityContext" -}}
{{- toYaml .Values.securityContext -}}
{{- end }}

{{/* Without numbers of users where the cluster assigns them. */}}
{{- define "celery-operator.podSecurityContext" -}}
{{- if eq .Values.operator.userIds "fixed" -}}
{{- toYaml .Values.podSecurityContext -}}
{{- else -}}
{{- omit .Values.podSecurityContext "runAsUser" "runAsGroup" "fsGroup" | toYaml -}}
{{- end -}}
{{- end }}
