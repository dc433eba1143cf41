import { Secret } from '@muster/core/config/secret';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { createKeys } from '@muster/core/redis/keys';
import { parseWorld, type WorldFile } from '@muster/aws-sim/world/file';
import { recordingLog } from '@muster/testing/builders';
import { eventually, pause } from '@muster/testing/eventually';
import {
  batchIdAt,
  forgeAccount,
  forgeBatch,
  forgeCandidate,
  forgeLabels,
  type Forger,
  forgeRegions,
} from '@muster/testing/forger';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { organizationMatcher } from '@muster/testing/system-config';
import { afterEach, expect, test } from 'vitest';
import { listCommands } from './simulated-commands.ts';

const ACCOUNT = '111122223333';
const EXCLUDED = '444455556666';
const IN_EXCLUDED_UNIT = '777788889999';
const REGION = 'eu-west-1';
const OTHER_REGION = 'us-east-1';
const RIGHTFUL = ['i-0aaaaaaaaaaaaaaa1', 'i-0aaaaaaaaaaaaaaa2'];
const TAGGED_OUT = 'i-0bbbbbbbbbbbbbbb1';
const UNTAGGED = 'i-0bbbbbbbbbbbbbbb2';
const ELSEWHERE = 'i-0cccccccccccccc01';
const IN_OTHER_ACCOUNT = 'i-0dddddddddddddd01';
const IN_OTHER_UNIT = 'i-0eeeeeeeeeeeeee01';
const MADE_UP = 'i-0ffffffffffffff01';

const tags = { env: 'prod' };
const WORLD: WorldFile = {
  name: 'forged ledger',
  regions: [REGION, OTHER_REGION],
  matchTags: tags,
  accounts: [
    { id: '999988887777' },
    {
      id: ACCOUNT,
      instances: [
        ...RIGHTFUL.map((id) => ({ region: REGION, id })),
        { region: REGION, id: TAGGED_OUT, tags: { ...tags, keep: 'out' } },
        { region: REGION, id: UNTAGGED, tags: { env: 'dev' } },
        { region: OTHER_REGION, id: ELSEWHERE },
      ],
    },
    // A worker that tries to enter it is denied, which the simulator counts.
    { id: EXCLUDED, role: 'missing', instances: [{ region: REGION, id: IN_OTHER_ACCOUNT }] },
    { id: IN_EXCLUDED_UNIT, ouPath: 'out', instances: [{ region: REGION, id: IN_OTHER_UNIT }] },
  ],
};

let system: MusterSystem;
let forger: Forger;

afterEach(async () => {
  await closeRedis(forger.redis);
  await system.close();
});

/** Two workers for one region of one account; the hold has never been released. */
async function startHeld(): Promise<string> {
  system = await startSystem({
    world: { world: parseWorld(JSON.stringify(WORLD), 'forged ledger') },
    schedulers: 0,
    workers: 0,
  });
  const unit = system.aws.world.accounts.find(({ id }) => id === IN_EXCLUDED_UNIT)?.parentId ?? '';
  const matcher = {
    ...organizationMatcher(system.facts),
    regions: [REGION],
    exclude_accounts: [EXCLUDED],
    exclude_tags: { keep: 'out' },
    organization: {
      organization_id: system.facts.organizationId,
      organizational_units: { include: ['*'], exclude: [unit] },
    },
  };
  system.configure({
    discovery_service: { aws: [matcher] },
    muster: {
      limits: { hold_first_send: true },
      rollout: { waves: [{ name: 'first', accounts: [ACCOUNT] }] },
    },
  });
  const url = new Secret(system.redis().url);
  const redis = createRedis({ url, prefix: 'test', profile: 'patient', name: 'forger', log: recordingLog() });
  forger = { redis, keys: createKeys('test') };
  system.start('scheduler');
  system.start('worker');
  system.start('worker');
  await eventually('two hosts wait', async () => (await system.status()).instances.byState['queued'] === 2);
  const names = forger.keys.target({ accountId: ACCOUNT, region: REGION } as never);
  const text = (await redis.hget(names.instances, RIGHTFUL[0] ?? '')) ?? '';
  return (JSON.parse(text.slice(text.indexOf('{'))) as { matcherKey: string }).matcherKey;
}

/** Everything that a Redis client can write to have commands sent where they do not belong. */
async function forgeAll(matcherKey: string, round: number): Promise<void> {
  const nowMs = Date.now();
  const facts = JSON.parse((await forger.redis.hget(forger.keys.accounts, ACCOUNT)) ?? '{}') as object;
  for (const accountId of [EXCLUDED, IN_EXCLUDED_UNIT]) {
    // The facts, and the seal, of an account that is in scope.
    await forgeAccount(forger, accountId, { ...facts, accountId });
    await forgeRegions(forger, accountId, [REGION]);
  }
  await forgeRegions(forger, ACCOUNT, [REGION, OTHER_REGION]);
  const forged: readonly (readonly [account: string, region: string, id: string])[] = [
    [ACCOUNT, REGION, TAGGED_OUT],
    [ACCOUNT, REGION, UNTAGGED],
    [ACCOUNT, REGION, MADE_UP],
    [ACCOUNT, REGION, IN_OTHER_ACCOUNT],
    [ACCOUNT, REGION, 'mi-0123456789abcdef0'],
    [ACCOUNT, OTHER_REGION, ELSEWHERE],
    [EXCLUDED, REGION, IN_OTHER_ACCOUNT],
    [IN_EXCLUDED_UNIT, REGION, IN_OTHER_UNIT],
  ];
  for (const [accountId, region, id] of forged) {
    await forgeCandidate(forger, { accountId, region }, id, matcherKey, nowMs, factsOf(round, nowMs));
  }
  await forgeRollOut(matcherKey);
  for (const accountId of [EXCLUDED, IN_EXCLUDED_UNIT]) {
    const commandId = '00000000-0000-4000-8000-000000000001';
    await forgeBatch(
      forger,
      { accountId, region: REGION },
      { batchId: batchIdAt(nowMs), instanceIds: [IN_OTHER_UNIT], matcherKey, commandId, nowMs },
    );
    await forger.redis.zadd(forger.keys.due('scan'), 1, `${accountId}.${REGION}`);
    await forger.redis.zadd(forger.keys.due('regions'), 1, accountId);
  }
  await forger.redis.zadd(forger.keys.due('scan'), 1, 'evil/../x');
  const forgedLabels = { owner: 'mallory', 'teleport.dev/origin': 'cloud', 'aws/team': 'payments' };
  await forgeLabels(forger, { accountId: ACCOUNT, region: REGION }, RIGHTFUL[0] ?? '', forgedLabels);
}

/** In turn a host of the first wave, one of a wave that there is not, and one that had joined before: a repair waits for no wave. */
function factsOf(round: number, nowMs: number): Readonly<Record<string, unknown>> {
  const joinedAtMs = nowMs - 1_800_000;
  return [{ wave: 'first' }, { wave: 'none' }, { wave: 'rest', joinedAtMs }][round % 3] ?? {};
}

/** The ramp is over, every wave is approved, and no place is taken. */
async function forgeRollOut(matcherKey: string): Promise<void> {
  const { redis, keys } = forger;
  await redis.hset(keys.ramps, `m:${matcherKey}`, 'over');
  const size = { hosts: 1_000, accounts: 10, grow: 1, by: 'mallory', atMs: 1 };
  for (const subject of ['wave:first', 'wave:rest']) {
    await redis.hset(keys.approvals, subject, JSON.stringify({ subject, ...size }));
  }
  await redis.hset(keys.places, { total: '-1000', repair: '-1000', [`a:${ACCOUNT}`]: '-1000' });
}

/** Every instance that a command was sent to. */
async function idsSentTo(): Promise<readonly string[]> {
  const commands = await listCommands(system);
  const ids = commands.flatMap(({ invocations }) => invocations.map((one) => one.instanceId));
  return [...new Set(ids)].toSorted();
}

test('a hand with a Redis client has nothing sent out of scope, enters no other account, and is told of', async () => {
  const matcherKey = await startHeld();

  for (let round = 0; round < 6; round += 1) {
    await forgeAll(matcherKey, round);
    // Between two rounds the workers take up what was forged: that can only be waited for.
    await pause(1_500);
  }
  expect((await idsSentTo()).filter((id) => !RIGHTFUL.includes(id))).toEqual([]);
  await eventually(
    'the rightful hosts have joined',
    () => system.report().joined === RIGHTFUL.length,
    60_000,
  );

  // Hosts that are there are said to be lost.
  const nowMs = Date.now();
  for (const id of RIGHTFUL) {
    const facts = { wave: 'first', joinedAtMs: nowMs - 1_800_000 };
    await forgeCandidate(forger, { accountId: ACCOUNT, region: REGION }, id, matcherKey, nowMs, facts);
  }
  await eventually(
    'they are known as joined again',
    async () => {
      const records = await system.ledger.enrollments.readAll({
        accountId: ACCOUNT,
        region: REGION,
      } as never);
      return RIGHTFUL.every((id) => records.get(id as never)?.value.state === 'joined');
    },
    60_000,
  );

  expect(await idsSentTo()).toEqual(RIGHTFUL);
  expect(system.report().installs).toMatchObject({
    whileLive: 0,
    afterJoined: 0,
    perInstance: { 1: RIGHTFUL.length },
  });
  const entered = new Set((await listCommands(system)).map(({ account, region }) => `${account}.${region}`));
  expect([...entered]).toEqual([`${ACCOUNT}.${REGION}`]);
  const { findings } = await system.status();
  const untrusted = findings.filter(({ kind }) => kind === 'ledger-untrusted').map(({ scope }) => scope);
  expect(untrusted).toContain(`${ACCOUNT}.${REGION}`);
  expect(untrusted).toContain(`account:${EXCLUDED}`);
  expect(untrusted).toContain('labels');
  expect(system.report().calls['sts:AssumeRole']).toMatchObject({ denied: 0 });
}, 150_000);
