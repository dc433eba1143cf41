/** What must agree between objects, and what no schema shows. Each function names every fault that it finds. */
import { BlockList } from 'node:net';
import {
  containersOf,
  type KubernetesObject,
  nameOf,
  selects,
  type Workload,
  workloadsOf,
} from './object.ts';

type Labels = Readonly<Record<string, string>>;

/** The Secrets that an operator makes: docs/deploy/kubernetes.md. */
const SECRETS: ReadonlySet<string> = new Set([
  'muster-redis',
  'muster-marker-key',
  'muster-files',
  'muster-metrics',
  'muster-console-tls',
]);

/** Names that are used and belong to no object: service accounts, ConfigMaps, Secrets, volumes, targets of scaling. */
export function missingNames(objects: readonly KubernetesObject[]): readonly string[] {
  const known = new Set(objects.map(nameOf));
  const missing: string[] = [];
  const need = (user: string, kind: string, name: string): void => {
    const isThere = kind === 'Secret' ? SECRETS.has(name) : known.has(`${kind} ${name}`);
    if (!isThere) missing.push(`${user}: there is no ${kind} ${name}`);
  };
  for (const workload of workloadsOf(objects)) {
    const { object, pod, claims } = workload;
    const user = nameOf(object);
    need(user, 'ServiceAccount', pod.serviceAccountName);
    for (const { configMap, secret, projected } of pod.volumes) {
      if (configMap !== undefined) need(user, 'ConfigMap', configMap.name);
      if (secret !== undefined) need(user, 'Secret', secret.secretName);
      for (const source of projected?.sources ?? []) {
        if (source.configMap !== undefined) need(user, 'ConfigMap', source.configMap.name);
        if (source.secret !== undefined) need(user, 'Secret', source.secret.name);
      }
    }
    const volumes = new Set([...pod.volumes.map(({ name }) => name), ...claims]);
    for (const { name, volumeMounts } of containersOf(pod)) {
      for (const mount of volumeMounts.filter((one) => !volumes.has(one.name))) {
        missing.push(`${user}, container ${name}: there is no volume ${mount.name}`);
      }
    }
  }
  for (const object of objects) {
    const spec = object.spec as {
      readonly serviceName?: string;
      readonly scaleTargetRef?: { readonly name: string };
      readonly rules?: readonly { readonly http?: { readonly paths: readonly Backend[] } }[];
    };
    if (object.kind === 'StatefulSet') need(nameOf(object), 'Service', spec.serviceName ?? '');
    if (spec?.scaleTargetRef !== undefined) need(nameOf(object), 'Deployment', spec.scaleTargetRef.name);
    if (object.kind === 'Ingress') {
      for (const { http } of spec.rules ?? []) {
        for (const { backend } of http?.paths ?? []) need(nameOf(object), 'Service', backend.service.name);
      }
    }
  }
  return missing;
}

interface Backend {
  readonly backend: { readonly service: { readonly name: string; readonly port: { readonly name: string } } };
}

interface NetworkRule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: number | string; readonly protocol: string }[];
}

interface Peer {
  readonly podSelector?: { readonly matchLabels: Labels };
  readonly namespaceSelector?: { readonly matchLabels: Labels };
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface NetworkPolicySpec {
  readonly podSelector: { readonly matchLabels: Labels };
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly NetworkRule[];
  readonly egress?: readonly NetworkRule[];
}

function policiesOf(
  objects: readonly KubernetesObject[],
): readonly (NetworkPolicySpec & { readonly name: string })[] {
  return objects
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .map(({ metadata, spec }) => ({ ...(spec as NetworkPolicySpec), name: metadata.name }));
}

/** Selectors that select nothing, and ports that no selected container has. */
export function emptySelections(objects: readonly KubernetesObject[]): readonly string[] {
  const workloads = workloadsOf(objects);
  const found: string[] = [];
  const selected = (user: string, selector: Labels): readonly Workload[] => {
    const pods = workloads.filter(({ labels }) => selects(selector, labels));
    if (pods.length === 0) found.push(`${user} selects no pod: ${JSON.stringify(selector)}`);
    return pods;
  };
  const needPort = (user: string, pods: readonly Workload[], port: number | string): void => {
    for (const { object, pod } of pods) {
      const ports = pod.containers.flatMap((container) => container.ports ?? []);
      if (!ports.some(({ name, containerPort }) => port === name || port === containerPort)) {
        found.push(`${user}: ${nameOf(object)} has no port ${port}`);
      }
    }
  };
  for (const object of objects) {
    const user = nameOf(object);
    if (object.kind === 'Service') {
      const { selector, ports } = object.spec as {
        readonly selector: Labels;
        readonly ports: readonly { readonly targetPort: string }[];
      };
      const pods = selected(user, selector);
      for (const { targetPort } of ports) needPort(user, pods, targetPort);
    }
    if (
      object.kind === 'PodDisruptionBudget' ||
      object.kind === 'Deployment' ||
      object.kind === 'StatefulSet'
    ) {
      selected(
        user,
        (object.spec as { readonly selector: { readonly matchLabels: Labels } }).selector.matchLabels,
      );
    }
    if (object.kind === 'ServiceMonitor') found.push(...unmonitored(object, objects));
  }
  for (const { name, podSelector, ingress = [], egress = [] } of policiesOf(objects)) {
    const user = `NetworkPolicy ${name}`;
    const pods = selected(user, podSelector.matchLabels);
    for (const { ports = [] } of ingress) {
      // One that several kinds of pods have: each port must be of one of them.
      for (const { port } of ports) {
        if (pods.every(({ pod }) => !hasPort(pod.containers, port))) {
          found.push(`${user}: no pod has port ${port}`);
        }
      }
    }
    for (const { to = [] } of egress) {
      for (const peer of to.filter((one) => one.namespaceSelector === undefined)) {
        if (peer.podSelector !== undefined) selected(user, peer.podSelector.matchLabels);
      }
    }
  }
  for (const { object, pod } of workloads) {
    for (const { name, ports = [], startupProbe, livenessProbe, readinessProbe } of pod.containers) {
      for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
        if (probe?.httpGet !== undefined && !hasPort([{ ports }], probe.httpGet.port)) {
          found.push(`${nameOf(object)}, container ${name}: no port ${probe.httpGet.port} for its probe`);
        }
      }
    }
  }
  return found;
}

function hasPort(
  containers: readonly {
    readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  }[],
  port: number | string,
): boolean {
  const ports = containers.flatMap((container) => container.ports ?? []);
  return ports.some(({ name, containerPort }) => port === name || port === containerPort);
}

function unmonitored(monitor: KubernetesObject, objects: readonly KubernetesObject[]): readonly string[] {
  const { selector, endpoints } = monitor.spec as {
    readonly selector: { readonly matchLabels: Labels };
    readonly endpoints: readonly { readonly port: string }[];
  };
  const services = objects.filter(
    ({ kind, metadata }) => kind === 'Service' && selects(selector.matchLabels, metadata.labels ?? {}),
  );
  if (services.length === 0) return [`${nameOf(monitor)} selects no Service`];
  const ports = services.flatMap(
    ({ spec }) => (spec as { readonly ports: readonly { readonly name: string }[] }).ports,
  );
  return endpoints
    .filter(({ port }) => !ports.some(({ name }) => name === port))
    .map(({ port }) => `${nameOf(monitor)}: no port ${port} of its Service`);
}

/** What keeps a pod from the Pod Security Standard `restricted`, from a read-only root, or from having no token of Kubernetes. */
export function looseContainers(objects: readonly KubernetesObject[]): readonly string[] {
  const loose: string[] = [];
  for (const { object, pod } of workloadsOf(objects)) {
    const user = nameOf(object);
    const { runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext;
    if (runAsNonRoot !== true || typeof runAsUser !== 'number' || runAsUser === 0) {
      loose.push(`${user} may be root`);
    }
    if (JSON.stringify(seccompProfile) !== '{"type":"RuntimeDefault"}') {
      loose.push(`${user} has no seccomp profile`);
    }
    if (pod.automountServiceAccountToken) loose.push(`${user} gets a token of Kubernetes`);
    if (pod.enableServiceLinks) loose.push(`${user} gets variables of every Service, MUSTER_… among them`);
    for (const { name, image, resources, securityContext } of containersOf(pod)) {
      const strict = {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        readOnlyRootFilesystem: true,
      };
      for (const [key, value] of Object.entries(strict)) {
        if (JSON.stringify(securityContext[key]) !== JSON.stringify(value)) {
          loose.push(`${user}, ${name}: ${key}`);
        }
      }
      if (!/:(?!latest$)[\w.-]+$|@sha256:[0-9a-f]{64}$/.test(image)) {
        loose.push(`${user}, ${name}: ${image} is no fixed tag`);
      }
      if (resources.limits?.['memory'] === undefined) loose.push(`${user}, ${name}: no memory limit`);
    }
  }
  return loose;
}

/** Pods that no policy closes, by direction. */
export function openPods(objects: readonly KubernetesObject[]): readonly string[] {
  return workloadsOf(objects).flatMap(({ object, labels }) =>
    ['Ingress', 'Egress']
      .filter(
        (direction) =>
          !policiesOf(objects).some(
            ({ podSelector, policyTypes, ingress, egress }) =>
              policyTypes.includes(direction) &&
              ingress === undefined &&
              egress === undefined &&
              selects(podSelector.matchLabels, labels),
          ),
      )
      .map((direction) => `${nameOf(object)}: ${direction}`),
  );
}

/** Names of the policies by which a pod with these labels may reach an address. */
export function waysTo(
  address: string,
  labels: Labels,
  objects: readonly KubernetesObject[],
): readonly string[] {
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  const holds = (cidr: string): boolean => {
    const [network = '', bits = ''] = cidr.split('/');
    if (network.includes(':') !== (family === 'ipv6')) return false;
    const list = new BlockList();
    list.addSubnet(network, Number(bits), family);
    return list.check(address, family);
  };
  return policiesOf(objects)
    .filter(({ podSelector, egress = [] }) => {
      if (!selects(podSelector.matchLabels, labels)) return false;
      const blocks = egress.flatMap(({ to = [] }) => to).flatMap(({ ipBlock }) => ipBlock ?? []);
      const isOpen = egress.some(({ to }) => to === undefined);
      return isOpen || blocks.some(({ cidr, except = [] }) => holds(cidr) && !except.some(holds));
    })
    .map(({ name }) => name);
}
