import { type AwsSim, type AwsSimOptions, startAwsSim } from '@muster/aws-sim/start';
import { afterEach } from 'vitest';
import type { Account, OrganizationScope } from '../organization/account.ts';
import type { AwsAction, AwsCall } from '../organization/aws-actions.ts';
import type { TargetAccess } from '../install/command.ts';
import type { AccountId } from '../organization/ids.ts';
import type { Instance } from '../scan/instance.ts';
import type { RoleReference } from '../scan/matcher.ts';
import { createClock } from '../runtime/clock.ts';
import { type AwsAdapter, type AwsAdapterDeps, createAwsAdapter } from './adapter.ts';

export const { signal } = new AbortController();
export const clock = createClock();

/** The adapter against the simulated organization, over HTTP, as the worker uses it. */
export interface SimulatedAws {
  /** Another organization, and an adapter that talks to it. */
  readonly start: (options: AwsSimOptions, deps?: Partial<AwsAdapterDeps>) => Promise<AwsAdapter>;
  /** The organization that was started last. */
  readonly sim: () => AwsSim;
  /** The calls made to it. */
  readonly calls: () => readonly AwsCall[];
  readonly count: (action: AwsAction) => number;
  readonly scope: (change?: Partial<OrganizationScope>) => OrganizationScope;
  readonly accountsOf: (adapter: AwsAdapter) => Promise<Account[]>;
  /** All targets of the world that answer, with what they hold. */
  readonly readWorld: (adapter: AwsAdapter) => Promise<Map<TargetAccess, Instance[]>>;
  /** A target with two instances or more. */
  readonly firstTarget: (adapter: AwsAdapter) => Promise<{ access: TargetAccess; instances: Instance[] }>;
}

/** Ends what was started after each test. */
export function useSimulatedAws(): SimulatedAws {
  let sim: AwsSim;
  let calls: AwsCall[] = [];
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close();
  });

  const scope = (change: Partial<OrganizationScope> = {}): OrganizationScope => ({
    organizationId: sim.organizationId,
    includeOus: ['*'],
    excludeOus: [],
    ...change,
  });
  const accountsOf = (adapter: AwsAdapter): Promise<Account[]> => flat(adapter.listAccounts(scope(), signal));

  async function readWorld(adapter: AwsAdapter): Promise<Map<TargetAccess, Instance[]>> {
    const world = new Map<TargetAccess, Instance[]>();
    for (const { accountId } of await accountsOf(adapter)) {
      const role = roleIn(accountId);
      for (const region of await adapter.listRegions(accountId, role, signal)) {
        const access = { accountId, region, role };
        world.set(access, await flat(adapter.listInstances(access, signal)));
      }
    }
    return world;
  }

  return {
    async start(options, deps = {}) {
      sim = await startAwsSim({ scenario: 'clean', seed: 3, ...options });
      process.env['AWS_ENDPOINT_URL'] = sim.url;
      calls = [];
      const adapter = createAwsAdapter({
        clock,
        observe: (call) => calls.push(call),
        partition: 'aws',
        // oxlint-disable-next-line typescript/require-await -- a source answers with a promise
        baseCredentials: async () => ({
          accessKeyId: 'SIMULATEDMUSTERKEY00',
          secretAccessKey: 'simulated-secret',
        }),
        ...deps,
      });
      open.push(adapter, sim);
      return adapter;
    },
    sim: () => sim,
    calls: () => calls,
    count: (action) => calls.filter((call) => call.action === action).length,
    scope,
    accountsOf,
    readWorld,
    async firstTarget(adapter) {
      for (const [access, instances] of await readWorld(adapter)) {
        if (instances.length >= 2) return { access, instances };
      }
      throw new Error('the world has no target with two instances');
    },
  };
}

/** The role that every simulated account has for us. */
export function roleIn(accountId: AccountId, externalId: string | null = null): RoleReference {
  return { arn: `arn:aws:iam::${accountId}:role/muster/discovery`, externalId };
}

export async function flat<Item>(pages: AsyncIterable<readonly Item[]>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
