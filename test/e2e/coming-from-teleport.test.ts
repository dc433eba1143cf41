/** docs/guide/coming-from-teleport-discovery.md, as its reader does it: beside what Teleport has enrolled, and then instead of it. */
import { writeFileSync } from 'node:fs';
import { eventually, pause } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';
import { blocksOf, commandsOf, readGuide } from '../repo/guide-blocks.ts';
import { listHosts } from './simulated-commands.ts';

const PAGE = readGuide('coming-from-teleport-discovery.md');

let system: MusterSystem;
afterEach(() => system.close());

/** The page's file with its pause, on the reader's own cluster; `paused` as the page has it changed in the end. */
function writeConfig(paused: boolean): void {
  const block = blocksOf(PAGE).find(({ text }) => text.includes('paused: true'));
  const text = (block?.text ?? '')
    .replaceAll('teleport.example.com:443', system.facts.proxyAddress)
    .replace('paused: true', `paused: ${String(paused)}`)
    .replace(/args: .*/, `command: ${system.facts.tctl}`)
    .replace('muster:', 'muster:\n  redis: {prefix: test}');
  writeFileSync(system.configFile, text);
}

/** Runs the page's commands from one to another, both included. */
async function type(first: string, last: string): Promise<ReadonlyMap<string, string>> {
  const lines = commandsOf(PAGE).filter((line) => line.startsWith('muster '));
  const outputs = new Map<string, string>();
  for (const line of lines.slice(lines.indexOf(first), lines.indexOf(last) + 1)) {
    const { code, stdout, stderr } = await system.cli(...line.split(' ').slice(1));
    expect({ line, code, stderr }).toMatchObject({ line, code: 0 });
    outputs.set(line, stdout);
  }
  return outputs;
}

test('what Teleport has enrolled is seen and left alone, nothing is sent while paused, then the rest is enrolled', async () => {
  system = await startSystem({
    world: {
      world: {
        name: 'an organization that Teleport has half enrolled',
        organizationId: 'o-a1b2c3d4e5',
        matchTags: { env: 'prod' },
        access: { roleName: 'teleport-discovery-role' },
        accounts: [
          { id: '111122223333', name: 'management' },
          {
            id: '444455556666',
            name: 'workloads',
            instances: [
              { region: 'us-east-1', count: 6, joined: true },
              { region: 'us-east-1', count: 4 },
            ],
          },
        ],
      },
    },
    env: { MUSTER_CONSOLE_LISTEN: '127.0.0.1:0', MUSTER_WORKER_LISTEN: '127.0.0.1:0' },
    schedulers: 0,
    workers: 0,
  });
  writeConfig(true);
  system.start('scheduler');
  system.start('worker');
  const joined = async (): Promise<number> => (await system.status()).instances.byState['joined'] ?? 0;
  await eventually('what Teleport has enrolled is seen', async () => (await joined()) === 6);

  const looked = await type('muster doctor', 'muster instances --state joined');
  expect(looked.get('muster instances --state joined')?.match(/i-[0-9a-f]{17}/g)).toHaveLength(6);
  // Resuming is not enough while the configuration says paused.
  await type('muster resume --all', 'muster resume --all');
  // Without the pause the first command would be out within one: resuming wakes every target.
  await pause(3_000);
  expect(system.report().commands.sent).toBe(0);

  writeConfig(false);
  await type('muster resume --all', 'muster resume --all');
  await eventually('the rest has joined', async () => (await joined()) === 10, 90_000);

  const hosts = await listHosts(system);
  expect(hosts.map(({ installs }) => installs).toSorted((a, b) => a - b)).toEqual([
    0, 0, 0, 0, 0, 0, 1, 1, 1, 1,
  ]);
  expect(system.report()).toMatchObject({ joined: 10, installs: { whileLive: 0, afterJoined: 0 } });
});
