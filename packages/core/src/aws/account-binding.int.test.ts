import { expect, it, onTestFinished } from 'vitest';
import type { TargetAccess } from '../install/command.ts';
import { AccountId, InstanceId, Region } from '../organization/ids.ts';
import { createClock } from '../runtime/clock.ts';
import { createAwsAdapter } from './adapter.ts';
import {
  assumeRole,
  ec2Error,
  json,
  oneInstance,
  type StubRequest,
  startStubAws,
} from './stub-aws.fixture.ts';

const ACCOUNTS = 300;
const REGIONS = ['eu-west-1', 'us-east-1', 'ap-south-1'];

it('signs every call with the session of its own account, with hundreds of accounts in flight and answers out of order', async () => {
  let calls = 0;
  let inFlight = 0;
  // No call is answered before many wait, however slow the machine.
  const crowd = Promise.withResolvers<undefined>();
  const failed = new Set<string>();
  const instances = new Map<string, InstanceId>();
  const answer = async (request: StubRequest): Promise<ReturnType<typeof json>> => {
    if (request.operation === 'AssumeRole') return assumeRole(request, Date.now() + 3_600_000);
    const accountId = request.accessKeyId.replace('ASIA', '');
    calls += 1;
    inFlight += 1;
    if (inFlight > 200) crowd.resolve(undefined);
    await crowd.promise;
    await new Promise((resolve) => setTimeout(resolve, (calls * 7919) % 400));
    inFlight -= 1;
    if (request.sessionToken !== `token-of-${accountId}`) return ec2Error('AuthFailure', 'mixed', 401);
    if (request.operation === 'DescribeInstances') {
      const isFirst = !failed.has(accountId);
      failed.add(accountId);
      if (isFirst) return ec2Error('Unavailable', 'try again', 503);
      return oneInstance(accountId, instances.get(accountId) ?? '');
    }
    return json({
      InstanceInformationList: [{ InstanceId: instances.get(accountId), PingStatus: 'Online' }],
    });
  };
  const stub = await startStubAws(answer);
  process.env['AWS_ENDPOINT_URL'] = stub.url;
  const adapter = createAwsAdapter({
    clock: createClock(),
    observe: () => undefined,
    partition: 'aws',
    // oxlint-disable-next-line typescript/require-await -- a source answers with a promise
    baseCredentials: async () => ({ accessKeyId: 'BASE', secretAccessKey: 'secret' }),
  });
  onTestFinished(async () => {
    adapter.close();
    await stub.close();
  });
  const targets = Array.from({ length: ACCOUNTS }, (_, index) => {
    const accountId = AccountId.parse(String(100_000_000_000 + index));
    instances.set(accountId, InstanceId.parse(`i-${index.toString(16).padStart(17, '0')}`));
    const role = { arn: `arn:aws:iam::${accountId}:role/discovery`, externalId: null };
    return REGIONS.map((region): TargetAccess => ({ accountId, region: Region.parse(region), role }));
  }).flat();

  const { signal } = new AbortController();
  const wrong: string[] = [];
  await Promise.all(
    targets.map(async (access) => {
      for await (const page of adapter.listInstances(access, signal)) {
        for (const instance of page) if (instance.ownerId !== access.accountId) wrong.push(access.accountId);
      }
      for await (const page of adapter.listManagedNodes(access, signal)) {
        const expected = instances.get(access.accountId);
        if (page.some((node) => node.instanceId !== expected)) wrong.push(access.accountId);
      }
    }),
  );

  expect(wrong).toEqual([]);
  expect(calls).toBeGreaterThanOrEqual(ACCOUNTS * REGIONS.length * 2);
  expect(stub.requests.filter((request) => request.operation === 'AssumeRole')).toHaveLength(ACCOUNTS);
});

it('opens one session per role and external id of an account, and signs each call with that of its own role', async () => {
  const account = AccountId.parse('111122223333');
  const roles = [
    { arn: `arn:aws:iam::${account}:role/first`, externalId: null },
    { arn: `arn:aws:iam::${account}:role/second`, externalId: null },
    { arn: `arn:aws:iam::${account}:role/second`, externalId: 'known' },
  ];
  /** The session of a role, as the stub numbers it. */
  const serialOf = (body: string): string =>
    `${/role%2F(\w+)/.exec(body)?.[1] ?? ''}${body.includes('ExternalId=known') ? '-known' : ''}`;
  const signed = new Map<string, number>();
  const stub = await startStubAws(async (request) => {
    if (request.operation === 'AssumeRole') {
      return assumeRole(request, Date.now() + 3_600_000, serialOf(request.body));
    }
    const keys = `${request.accessKeyId} ${request.sessionToken}`;
    signed.set(keys, (signed.get(keys) ?? 0) + 1);
    await new Promise((resolve) => setTimeout(resolve, (stub.requests.length * 13) % 20));
    return oneInstance(account, 'i-00000000000000001');
  });
  process.env['AWS_ENDPOINT_URL'] = stub.url;
  const adapter = createAwsAdapter({
    clock: createClock(),
    observe: () => undefined,
    partition: 'aws',
    // oxlint-disable-next-line typescript/require-await -- a source answers with a promise
    baseCredentials: async () => ({ accessKeyId: 'BASE', secretAccessKey: 'secret' }),
  });
  onTestFinished(async () => {
    adapter.close();
    await stub.close();
  });

  const { signal } = new AbortController();
  await Promise.all(
    Array.from({ length: 120 }, async (_, n) => {
      // One region, so one client of the SDK for all.
      const access = { accountId: account, region: Region.parse('eu-west-1'), role: roles[n % 3] ?? null };
      for await (const page of adapter.listInstances(access, signal)) expect(page).toHaveLength(1);
    }),
  );

  expect(stub.requests.filter((request) => request.operation === 'AssumeRole')).toHaveLength(3);
  const keysOf = (serial: string): string => `ASIA${account}${serial} token-of-${account}${serial}`;
  expect(Object.fromEntries(signed)).toEqual({
    [keysOf('first')]: 40,
    [keysOf('second')]: 40,
    [keysOf('second-known')]: 40,
  });
});
