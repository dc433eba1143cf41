import { ListChildrenCommand, ListRootsCommand } from '@aws-sdk/client-organizations';
import { ListCommandInvocationsCommand, SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { KNOWN_APIS } from '../server/operations.ts';
import { type AwsSim, startAwsSim } from '../start.ts';
import { seen } from '../testing/answers.ts';
import { DISCOVERY_KEYS, memberClients, type SdkClients, sdkClients } from '../testing/sdk-clients.ts';
import type { CaseCaller, ConformanceCase, ConformanceIds } from './case.ts';
import { ACCOUNTS, CONFORMANCE_WORLD } from './conformance-world.ts';
import { EC2_CASES } from './ec2-cases.ts';
import { ACCOUNT_CASES, STS_CASES } from './identity-cases.ts';
import { ORGANIZATIONS_CASES } from './organizations-cases.ts';
import { READ_CASES, SEND_CASES } from './run-command-cases.ts';
import { CANCEL_CASES, DOCUMENT_CASES, NODE_CASES } from './ssm-cases.ts';

const CASES: readonly ConformanceCase[] = [
  ...STS_CASES,
  ...ACCOUNT_CASES,
  ...ORGANIZATIONS_CASES,
  ...EC2_CASES,
  ...NODE_CASES,
  ...DOCUMENT_CASES,
  ...READ_CASES,
  ...CANCEL_CASES,
  ...SEND_CASES,
];

let sim: AwsSim;
let ids: ConformanceIds;

beforeAll(async () => {
  sim = await startAwsSim({ world: CONFORMANCE_WORLD, speed: 100 });
  const { organizations } = sdkClients(sim);
  const { Roots } = await organizations.send(new ListRootsCommand({}));
  const rootId = Roots?.[0]?.Id ?? '';
  const workloads = await firstUnit(organizations, rootId);
  const { ssm } = await memberClients(sim, ACCOUNTS.member);
  ids = {
    management: ACCOUNTS.management,
    member: ACCOUNTS.member,
    linux: 'i-00000000000000001',
    second: 'i-00000000000000002',
    windows: 'i-00000000000000003',
    unregistered: 'i-00000000000000004',
    stopped: 'i-00000000000000005',
    lost: 'i-00000000000000006',
    terminated: 'i-00000000000000007',
    foreign: 'i-00000000000000008',
    rootId,
    unitId: await firstUnit(organizations, workloads),
    commandId: await finishedCommand(ssm, 'AWS-RunShellScript', { commands: ['true'] }),
    steppedCommandId: await finishedCommand(ssm, 'TeleportDiscoveryInstaller', { token: ['t'] }),
  };
});

afterAll(async () => {
  await sim.close();
});

async function firstUnit(organizations: SdkClients['organizations'], ParentId: string): Promise<string> {
  const { Children } = await organizations.send(
    new ListChildrenCommand({ ParentId, ChildType: 'ORGANIZATIONAL_UNIT' }),
  );
  return Children?.[0]?.Id ?? '';
}

async function finishedCommand(
  ssm: SSMClient,
  DocumentName: string,
  Parameters: Record<string, string[]>,
): Promise<string> {
  const InstanceIds = ['i-00000000000000001'];
  const { Command } = await ssm.send(new SendCommandCommand({ DocumentName, InstanceIds, Parameters }));
  const CommandId = Command?.CommandId ?? '';
  await vi.waitFor(async () => {
    const { CommandInvocations } = await ssm.send(new ListCommandInvocationsCommand({ CommandId }));
    expect(CommandInvocations?.[0]?.Status).toBe('Success');
  });
  return CommandId;
}

function clientsFor(as: CaseCaller, region: string): Promise<SdkClients> | SdkClients {
  if (as === 'discovery') return sdkClients(sim, DISCOVERY_KEYS, region);
  if (as === 'wrong-secret') {
    return sdkClients(sim, { ...DISCOVERY_KEYS, secretAccessKey: 'another' }, region);
  }
  if (as === 'unknown-key') {
    return sdkClients(sim, { accessKeyId: 'AKIAUNKNOWNUNKNOWN00', secretAccessKey: 'x' }, region);
  }
  return memberClients(sim, ACCOUNTS[as], region);
}

function usualCaller(api: string): CaseCaller {
  return api.startsWith('sts:') || api.startsWith('organizations:') ? 'discovery' : 'member';
}

describe.each([...Map.groupBy(CASES, (entry) => entry.api)])('%s', (_api, cases) => {
  test.each(cases.map((entry) => [entry.behavior, entry] as const))('%s', async (_behavior, entry) => {
    const clients = await clientsFor(entry.as ?? usualCaller(entry.api), entry.region ?? 'us-east-1');
    let output: unknown;

    const answer = await seen(entry.call(clients, ids).then((value) => (output = value)));

    expect({ name: answer.name, status: answer.status }).toEqual({
      name: entry.expect[0],
      status: entry.expect[1],
    });
    expect(answer.requestId).toMatch(/^[0-9a-f-]{36}$/u);
    expect(answer.message).toMatch(entry.message ?? /^/u);
    expect({ output }).toMatchObject(entry.output === undefined ? {} : { output: entry.output });
  });
});

test('every operation has a case that succeeds and one that is refused', () => {
  const bare = KNOWN_APIS.filter((api) => {
    const cases = CASES.filter((entry) => entry.api === api);
    return !cases.some((entry) => entry.expect[1] === 200) || !cases.some((entry) => entry.expect[1] !== 200);
  });

  expect(bare).toEqual([]);
});

test('the suite is as large as it says', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(215);
});
