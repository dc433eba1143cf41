/** docs/backup.md: the pod that puts a snapshot back is right by its schema, and has the volume and the user of the StatefulSet. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readObjects } from './object.ts';
import { ROOT } from './render.ts';
import { faultsOf } from './validate-object.ts';

interface RedisPod {
  readonly securityContext: { readonly fsGroup: number };
  readonly containers: readonly { readonly image: string }[];
}

test('the pod that puts a snapshot back runs as the StatefulSet does, on its volume', () => {
  const page = readFileSync(join(ROOT, 'docs/backup.md'), 'utf8');
  const [pod] = readObjects(/<<'END'\n(.*?)\nEND\n/s.exec(page)?.[1] ?? '');
  const redis = readObjects(
    readFileSync(join(ROOT, 'deploy/kubernetes/components/redis-in-cluster/redis.yaml'), 'utf8'),
  ).find(({ kind }) => kind === 'StatefulSet');
  if (pod === undefined || redis === undefined) throw new Error('no pod, or no StatefulSet');
  const { template } = redis.spec as { readonly template: { readonly spec: RedisPod } };

  expect(faultsOf(pod)).toEqual([]);
  const { fsGroup, ...user } = template.spec.securityContext;
  expect(pod.spec).toMatchObject({
    securityContext: { runAsNonRoot: true, runAsUser: fsGroup, runAsGroup: fsGroup, fsGroup },
    containers: [{ image: template.spec.containers[0]?.image }],
    volumes: [{ persistentVolumeClaim: { claimName: `data-${redis.metadata.name}-0` } }],
  });
  expect(user).toMatchObject({ runAsUser: fsGroup });
});
