/**
 * Holds an object to the schema of its kind. The schemas of `@kubernetes-models` are compiled functions, offline, and let a field
 * pass that they do not know, as the API server does with a warning. A misspelled key is the commonest fault of all, so this
 * watches which fields the schema asks for: one that it never looks at is none that Kubernetes knows.
 */
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Pod } from 'kubernetes-models/v1/Pod';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { type KubernetesObject, nameOf } from './object.ts';

interface KnownKind {
  readonly apiVersion: string;
  readonly kind: string;
  // The constructors take types of their own; what we have is what YAML says.
  new (data: never): { validate(): void };
}

const KINDS: readonly KnownKind[] = [
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Ingress,
  NetworkPolicy,
  Pod,
  PodDisruptionBudget,
  PrometheusRule,
  ScaledObject,
  Service,
  ServiceAccount,
  ServiceMonitor,
  StatefulSet,
];

/** Every fault of an object by the schema of its kind, unknown fields among them; none when it is right. */
export function faultsOf(object: KubernetesObject): readonly string[] {
  const known = KINDS.find(
    ({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind,
  );
  if (known === undefined) {
    return [`${nameOf(object)}: no schema of ${object.apiVersion} ${object.kind} is known here`];
  }
  const watched = watchReads(new known(object as never));
  try {
    watched.proxy.validate();
  } catch (error) {
    return [`${nameOf(object)}: ${error instanceof Error ? error.message : String(error)}`];
  }
  return watched.unread().map((path) => `${nameOf(object)}: there is no field ${path}`);
}

/** A stand-in for `root` that notes which of its fields, at any depth, are asked for. */
function watchReads<T extends object>(root: T): { readonly proxy: T; unread(): readonly string[] } {
  const looks = new Map<object, { readonly path: string; readonly read: Set<string>; listed: boolean }>();
  const proxies = new Map<object, object>();
  const watch = <V>(value: V, path: string): V => {
    if (typeof value !== 'object' || value === null) return value;
    const made = proxies.get(value);
    if (made !== undefined) return made as V;
    const look = { path, read: new Set<string>(), listed: false };
    looks.set(value, look);
    const proxy = new Proxy(value, {
      get(target, key, receiver) {
        const found: unknown = Reflect.get(target, key, receiver);
        if (typeof key !== 'string' || !Object.hasOwn(target, key)) return found;
        look.read.add(key);
        return watch(found, `${path}.${key}`);
      },
      // A map of free keys, or a schema that refuses unknown ones by itself.
      ownKeys(target) {
        look.listed = true;
        return Reflect.ownKeys(target);
      },
    });
    proxies.set(value, proxy);
    return proxy;
  };
  return {
    proxy: watch(root, ''),
    unread: () =>
      [...looks]
        // What a schema looks into not at all, it leaves free.
        .filter(([, { read, listed }]) => read.size > 0 && !listed)
        .flatMap(([value, { path, read }]) =>
          Object.keys(value)
            .filter((key) => !read.has(key))
            .map((key) => `${path}.${key}`),
        ),
  };
}
