import { type AwsSim, type AwsSimOptions, startAwsSim } from '@muster/aws-sim/start';
import { afterEach, describe, expect, test } from 'vitest';
import { AccountId } from '../organization/ids.ts';
import { createClock } from '../runtime/clock.ts';
import { describeCredentialSource } from './credentials/base-credentials.ts';
import { type AwsAdapter, type AwsAdapterDeps, createAwsAdapter } from './adapter.ts';

const signal = AbortSignal.timeout(60_000);
const ROLE = 'muster-discovery';

let sim: AwsSim;
const open: { close(): unknown }[] = [];

async function start(options: AwsSimOptions = {}, deps: Partial<AwsAdapterDeps> = {}): Promise<AwsAdapter> {
  sim = await startAwsSim({ scenario: 'clean', accounts: 3, regions: 2, instances: 4, seed: 3, ...options });
  process.env['AWS_ENDPOINT_URL'] = sim.url;
  const adapter = createAwsAdapter({
    clock: createClock(),
    observe: () => undefined,
    partition: 'aws',
    baseCredentials: () =>
      Promise.resolve({ accessKeyId: 'SIMULATEDMUSTERKEY00', secretAccessKey: 'simulated-secret' }),
    ...deps,
  });
  open.push(adapter, sim);
  return adapter;
}

afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

describe('who the worker is', () => {
  test('is the account and the principal of its credentials, and its clock agrees', async () => {
    const adapter = await start();

    const caller = await adapter.describeCaller(signal);

    expect(caller).toMatchObject({ accountId: sim.managementAccountId, source: 'unknown' });
    expect(caller.arn).toContain(sim.managementAccountId);
    expect(Math.abs(caller.clockOffsetMs ?? Number.NaN)).toBeLessThan(1_000);
  });

  test.each([90_000, -90_000])('a clock that is %i ms off is noticed', async (offsetMs) => {
    const real = createClock();
    const clock = { ...real, machineNow: () => real.machineNow() + offsetMs };
    const adapter = await start({}, { clock });

    const caller = await adapter.describeCaller(signal);

    expect(Math.abs((caller.clockOffsetMs ?? 0) - offsetMs)).toBeLessThan(1_000);
  });

  test('credentials that are missing and credentials that are refused are told apart', async () => {
    const none = await start({}, { baseCredentials: () => Promise.reject(new Error('nothing found')) });
    await expect(none.describeCaller(signal)).rejects.toMatchObject({ code: 'aws.credentials', details: {} });

    const wrong = { accessKeyId: 'SIMULATEDMUSTERKEY00', secretAccessKey: 'guessed' };
    const refused = await start({}, { baseCredentials: () => Promise.resolve(wrong) });
    await expect(refused.describeCaller(signal)).rejects.toMatchObject({
      code: 'aws.credentials',
      details: { awsCode: 'SignatureDoesNotMatch', clockOffsetMs: expect.any(Number) as number },
    });
  });
});

describe('what it may do in Organizations', () => {
  test('everything, and which organization it is', async () => {
    const adapter = await start();

    expect(await adapter.probeOrganization(signal)).toEqual({
      organizationId: sim.organizationId,
      managementAccountId: sim.managementAccountId,
      denied: [],
    });
  });

  test.each([
    'organizations:ListRoots',
    'organizations:ListChildren',
    'organizations:ListAccountsForParent',
    'organizations:ListAccounts',
  ])('a denied %s is found, and nothing else', async (action) => {
    const adapter = await start({ settings: { access: { deniedDiscoveryActions: [action] } } });

    const { denied } = await adapter.probeOrganization(signal);

    expect(denied).toEqual([{ action, message: expect.stringContaining(action) as string }]);
  });
});

describe('what a member role may do', () => {
  const access = { accountId: AccountId.parse('100000000001'), role: null };

  test.each(['account:ListRegions', 'ec2:DescribeRegions'] as const)('%s, or not', async (action) => {
    const accounts = (): { accountId: AccountId; role: { arn: string; externalId: null } }[] =>
      sim.world.accounts.map(({ id }) => ({
        ...access,
        accountId: AccountId.parse(id),
        role: { arn: `arn:aws:iam::${id}:role/${ROLE}`, externalId: null },
      }));
    const adapter = await start();
    const [, allowed, denied] = accounts();
    await sim.change({ op: 'deny-actions', accountId: denied?.accountId ?? '', actions: [action] });

    await expect(adapter.probeMember(allowed ?? access, action, signal)).resolves.toBeUndefined();
    await expect(adapter.probeMember(denied ?? access, action, signal)).rejects.toMatchObject({
      code: 'aws.denied',
      details: { missingAction: action },
    });
  });
});

test.each([
  [{ $source: { CREDENTIALS_ENV_VARS: 'g' } }, 'environment variables'],
  [{ $source: { CREDENTIALS_IMDS: '0', CREDENTIALS_CODE: 'e' } }, 'instance role (IMDS)'],
  [
    { $source: { CREDENTIALS_PROFILE_SSO: 'r', CREDENTIALS_STS_ASSUME_ROLE: 'i' } },
    'SSO profile in the shared files',
  ],
  [{ $source: { SOMETHING_NEW: '1' } }, 'unknown'],
  [{ $source: null }, 'unknown'],
  [{}, 'unknown'],
])('the marks %j are of: %s', (credentials, source) => {
  expect(describeCredentialSource(credentials)).toBe(source);
});
