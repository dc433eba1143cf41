import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';
import { listHosts } from './simulated-commands.ts';

let system: MusterSystem;

afterEach(() => system.close());

/** What `tctl get` prints of a kind. */
async function get(kind: 'node' | 'server_info'): Promise<readonly Resource[]> {
  const answer = await fetch(`${system.teleport.url}/_sim/tctl/get/${kind}`);
  return (await answer.json()) as readonly Resource[];
}

interface Resource {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly new_labels?: Readonly<Record<string, string>> };
}

async function labelsOf(instanceId: string): Promise<Readonly<Record<string, string>>> {
  const nodes = await get('node');
  const node = nodes.find(({ metadata }) => metadata.labels?.['teleport.dev/instance-id'] === instanceId);
  return node?.metadata.labels ?? {};
}

test('a tag that changes in the world changes the label of its node, and all of it goes with the instance', async () => {
  system = await startSystem({ world: { accounts: 3, regions: 2, instances: 40 }, workers: 2 });
  await system.judged();
  const [first, other] = await listHosts(system);
  if (first === undefined || other === undefined) throw new Error('the world has no hosts');
  const env = 'aws/env';
  await eventually('every node has its labels', async () =>
    (await get('node')).every(({ metadata }) => metadata.labels?.[env] === 'prod'),
  );

  const tags = { env: 'prod', team: 'blue; $(reboot) "', 'not a label key': 'x' };
  await system.aws.change({ op: 'set-tags', instanceId: first.id, tags });
  expect((await system.cli('sweep', '--wait')).code).toBe(0);
  await eventually('the label has followed', async () => 'aws/team' in (await labelsOf(first.id)));
  expect(await labelsOf(first.id)).toMatchObject({ 'aws/env': 'prod', 'aws/team': tags.team });
  expect(Object.keys(await labelsOf(first.id)).filter((key) => key.includes(' '))).toEqual([]);

  await system.aws.change({ op: 'terminate-instance', instanceId: first.id });
  expect((await system.cli('sweep', '--wait')).code).toBe(0);
  await eventually('the labels of the vanished instance are gone', async () => {
    const infos = await get('server_info');
    const left = infos.find(({ metadata }) => metadata.name.endsWith(first.id));
    return Object.keys(left?.spec.new_labels ?? {}).length === 0;
  });
  expect(await labelsOf(other.id)).toMatchObject({ [env]: 'prod' });
  expect((await system.status()).findings).toEqual([]);
});
