{{/* What stands several times. Everything else is written out, so that a template reads like the object that it makes. */}}

{{- define "muster.labels" -}}
app.kubernetes.io/name: muster
app.kubernetes.io/part-of: muster
{{- end }}

{{/* The same for every pod of Muster's image. */}}
{{- define "muster.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* The same for every container. */}}
{{- define "muster.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Schedulers and workers read the same files. */}}
{{- define "muster.volumes" -}}
- name: etc-muster
  projected:
    defaultMode: 288 # 0440
    sources:
      - configMap:
          name: muster-config
      - secret:
          name: muster-redis
          items:
            - key: password
              path: redis-password
      - secret:
          name: muster-marker-key
          items:
            - key: marker.key
              path: marker.key
      - secret:
          name: muster-files
          optional: true
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- end }}

{{/* Spread over zones and nodes, as far as there are several. The argument is the component. */}}
{{- define "muster.spread" -}}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      app.kubernetes.io/name: muster
      app.kubernetes.io/component: {{ $ }}
{{- end }}
{{- end }}

{{/* Where an operator wants the pods. */}}
{{- define "muster.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Every address but the link-local ones, where nodes have their credentials. */}}
{{- define "muster.outside" -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except: [169.254.0.0/16]
- ipBlock:
    cidr: ::/0
    except: ["fe80::/10", "fd00:ec2::/32"]
{{- end }}
