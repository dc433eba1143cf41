import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AwsSimReport } from '@muster/aws-sim/report/report';
import type { WorldFile } from '@muster/aws-sim/world/file';
import { eventually } from '@muster/testing/eventually';
import { baseEnvironment, superviseProcess } from '@muster/testing/supervised-process';

const SIMULATOR = fileURLToPath(new URL('../packages/aws-sim/src/main.ts', import.meta.url));

/** The size of an organization and what is special about it. */
export interface WorldOrder {
  readonly accounts: number;
  readonly regions: number;
  readonly instances: number;
  /** Everything else that a world file can say. */
  readonly more?: Partial<WorldFile>;
  readonly speed?: number;
}

/** A simulated organization in a process of its own, so that what it costs is not counted as ours. */
export interface SimulatedWorld {
  readonly url: string;
  readonly pid: number;
  readonly organizationId: string;
  /** What points an SDK at it. */
  readonly env: NodeJS.ProcessEnv;
  report(): Promise<AwsSimReport>;
  /** All instances, by account. */
  instances(): Promise<readonly { readonly id: string; readonly account: string }[]>;
  change(changes: readonly object[]): Promise<void>;
  close(): Promise<void>;
}

/** The simulator's long-term keys, fixed by design. */
const KEYS = { AWS_ACCESS_KEY_ID: 'SIMULATEDMUSTERKEY00', AWS_SECRET_ACCESS_KEY: 'simulated-secret' };

/** Starts a clean world; every instance can be installed. */
export async function startWorld(order: WorldOrder): Promise<SimulatedWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-world-'));
  const file = join(folder, 'world.json');
  const world: WorldFile = {
    name: 'bench',
    seed: 7,
    generate: {
      accounts: order.accounts,
      regions: order.regions,
      instances: order.instances,
      scenario: 'clean',
    },
    ...order.more,
  };
  writeFileSync(file, JSON.stringify(world));
  const child = superviseProcess({
    name: 'aws-sim',
    entry: SIMULATOR,
    args: ['--world', file, '--port', '0', '--speed', String(order.speed ?? 1)],
    env: baseEnvironment(),
    logFile: join(folder, 'aws-sim.log'),
  });
  const url = await eventually(
    'the simulator listens',
    async () => {
      if (!child.isRunning()) throw new Error(`aws-sim ended: ${child.log()}`);
      return /AWS_ENDPOINT_URL=(\S+)/.exec(child.log())?.[1] ?? null;
    },
    60_000,
  );
  const ask = async <T>(path: string): Promise<T> => (await (await fetch(`${url}${path}`)).json()) as T;
  const health = await ask<{ organizationId: string }>('/_sim/health');
  return {
    url,
    pid: child.pid,
    organizationId: health.organizationId,
    env: { ...KEYS, AWS_ENDPOINT_URL: url, AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true' },
    report: () => ask<AwsSimReport>('/_sim/report'),
    instances: async () => {
      const { instances } = await ask<{ instances: { id: string; account: string }[] }>(
        '/_sim/instances?limit=10000000',
      );
      return instances;
    },
    change: async (changes) => {
      const answer = await fetch(`${url}/_sim/world`, { method: 'POST', body: JSON.stringify(changes) });
      if (!answer.ok) throw new Error(`the simulator refused a change: ${await answer.text()}`);
    },
    close: async () => {
      // A supervised process does not keep this one alive; the wait for its end must.
      const awake = setInterval(() => child.signal('SIGKILL'), 1_000);
      child.signal('SIGKILL');
      await child.ended;
      clearInterval(awake);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
