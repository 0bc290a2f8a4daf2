{{/* Refuses values for rules and thresholds that there are not. */}}
{{- define "celery-operator.checkRules" -}}
{{- $known := dict }}
{{- range .groups }}
{{- range .rules }}
{{- $_ := set $known .alert (concat (list "enabled" "for" "severity") .thresholds) }}
{{- end }}
{{- end }}
{{- range $name, $values := .rules }}
{{- if not (hasKey $known $name) }}
{{- fail (printf "metrics.prometheusRule.rules.%s: there is no such rule; write one of %s" $name (keys $known | sortAlpha | join ", ")) }}
{{- end }}
{{- range $key, $_ := $values }}
{{- if not (has $key (index $known $name)) }}
{{- fail (printf "metrics.prometheusRule.rules.%s.%s: the rule has no such value; write one of %s" $name $key (index $known $name | join ", ")) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* One rule of files/alert-rules.yaml with its values. A threshold stands there between two @. */}}
{{- define "celery-operator.alertRule" -}}
{{- $rule := .rule }}
{{- $values := index .settings.rules $rule.alert }}
{{- $annotations := dict "summary" $rule.summary "description" $rule.description "runbook" $rule.runbook }}
{{- with .settings.runbookUrl }}
{{- $_ := set $annotations "runbook_url" (printf "%s/%s" (trimSuffix "/" .) (trimPrefix "docs/runbooks/" $rule.runbook)) }}
{{- end }}
{{- $made := dict "alert" $rule.alert "expr" $rule.expr "for" $values.for "annotations" $annotations }}
{{- $_ := set $made "labels" (mustMerge (dict "severity" $values.severity) .settings.alertLabels) }}
{{- $text := toYaml $made }}
{{- range $rule.thresholds }}
{{- $text = replace (printf "@%s@" .) (printf "%d" (int64 (index $values .))) $text }}
{{- end }}
{{- $text }}
{{- end }}
