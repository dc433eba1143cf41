import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KNOWN_APIS } from '../server/operations.ts';
import { type AwsSim, startAwsSim } from '../start.ts';
import { seen } from '../testing/answers.ts';
import { DISCOVERY_KEYS, memberClients, type SdkClients, sdkClients } from '../testing/sdk-clients.ts';
import { ACCESS_CASES } from './access-cases.ts';
import { type CaseCaller, type ConformanceCase, type ConformanceIds, usualCaller } from './case.ts';
import { SETTING_CASES } from './setting-cases.ts';
import { READ_CASES } from './command-result-cases.ts';
import { conformanceIds } from './conformance-ids.ts';
import { ACCOUNTS, CONFORMANCE_WORLD } from './conformance-world.ts';
import { EC2_CASES } from './ec2-cases.ts';
import { ACCOUNT_CASES, STS_CASES } from './identity-cases.ts';
import { ORGANIZATIONS_CASES } from './organizations-cases.ts';
import { SEND_CASES } from './send-command-cases.ts';
import { USUAL_CALLS } from './usual-calls.ts';
import { CANCEL_CASES, DOCUMENT_CASES, NODE_CASES } from './ssm-cases.ts';

const CASES: readonly ConformanceCase[] = [
  ...STS_CASES,
  ...ACCOUNT_CASES,
  ...ORGANIZATIONS_CASES,
  ...EC2_CASES,
  ...NODE_CASES,
  ...DOCUMENT_CASES,
  ...SETTING_CASES,
  ...READ_CASES,
  ...CANCEL_CASES,
  ...SEND_CASES,
  ...ACCESS_CASES,
];

let sim: AwsSim;
let ids: ConformanceIds;

beforeAll(async () => {
  sim = await startAwsSim({ world: CONFORMANCE_WORLD, speed: 100 });
  ids = await conformanceIds(sim);
});

afterAll(async () => {
  await sim.close();
});

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

test('every operation has a usual call', () => {
  expect(Object.keys(USUAL_CALLS).sort()).toEqual([...KNOWN_APIS].sort());
});

test('the suite is as large as it says', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(345);
});
