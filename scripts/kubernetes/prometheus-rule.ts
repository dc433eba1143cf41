const HEAD = `# Generated from deploy/monitoring/alerts.yml by scripts/generate-docs.ts. Do not edit.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: muster
  labels:
    app.kubernetes.io/name: muster
    app.kubernetes.io/part-of: muster
spec:
`;

/** The alert rules as an object of the Prometheus operator: Kustomize cannot make one of a file. @param alerts alerts.yml */
export function prometheusRule(alerts: string): string {
  const lines = alerts.trimEnd().split('\n');
  return `${HEAD}${lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}\n`;
}
