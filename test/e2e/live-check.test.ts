/** `npm run test:live`, with a simulator in the place of the real account and cluster. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ACCOUNTS, CONFORMANCE_WORLD } from '@muster/aws-sim/conformance/conformance-world';
import { conformanceIds } from '@muster/aws-sim/conformance/conformance-ids';
import { type AwsSim, startAwsSim } from '@muster/aws-sim/start';
import { DISCOVERY_KEYS, memberClients, MEMBER_ROLE } from '@muster/aws-sim/testing/sdk-clients';
import { USUAL_CALLS } from '@muster/aws-sim/conformance/usual-calls';
import { startTeleportSim } from '@muster/teleport-sim/start';
import { type CommandResult, runProgram } from '@muster/testing/supervised-process';
import { expect, onTestFinished, test } from 'vitest';
import { watchClients } from '../live/watch-clients.ts';

const ENTRY = fileURLToPath(new URL('../live/main.ts', import.meta.url));
const TCTL = fileURLToPath(new URL('../../packages/teleport-sim/bin/tctl', import.meta.url));

/** The account's names, tags and addresses, none of which may be in a record. */
const PRIVATE = ['web <1>', 'member <&>', 'cost-center', 'i-0000000000000000', '10000000000'];

async function startOrganization(): Promise<AwsSim> {
  const aws = await startAwsSim({ world: { ...CONFORMANCE_WORLD, seed: 12 }, speed: 100 });
  onTestFinished(() => aws.close());
  // Commands that the account's own people have run.
  await conformanceIds(aws);
  return aws;
}

interface LiveRun extends CommandResult {
  readonly record: {
    aws: { answers: readonly object[]; notPermitted: readonly string[] };
    differences: string[];
  };
  readonly recordText: string;
}

async function runLive(
  awsUrl: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<LiveRun> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-live-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const result = await runProgram([ENTRY, ...args, '--dir', folder], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      AWS_ENDPOINT_URL: awsUrl,
      AWS_ACCESS_KEY_ID: DISCOVERY_KEYS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: DISCOVERY_KEYS.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
    timeoutMs: 120_000,
  });
  let recordText = 'null';
  try {
    recordText = readFileSync(join(folder, 'record.json'), 'utf8');
  } catch {
    // A run that was refused leaves none.
  }
  return { ...result, recordText, record: JSON.parse(recordText) as LiveRun['record'] };
}

const ROLE = ['--role-arn', `arn:aws:iam::${ACCOUNTS.member}:role/${MEMBER_ROLE}`];
const NAMED = ['--account', ACCOUNTS.management, '--region', 'us-east-1'];

/** Changes answers on their way: a service that differs from the simulator in this alone. */
async function startAltered(aws: AwsSim, alter: (body: string) => string): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const passed = request(
      aws.url,
      { method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => (body += text));
        answer.on('end', () => {
          const altered = alter(body);
          const headers = { ...answer.headers, 'content-length': String(Buffer.byteLength(altered)) };
          outgoing.writeHead(answer.statusCode ?? 0, headers);
          outgoing.end(altered);
        });
      },
    );
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('an organization that answers as the simulator does has no difference, and its record no names', async () => {
  const aws = await startOrganization();
  const before = aws.report();

  const { code, stdout, record, recordText } = await runLive(aws.url, [...NAMED, ...ROLE]);

  expect(record.differences).toEqual([]);
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('0 differences') });
  expect(record.aws.answers.length).toBeGreaterThan(150);
  for (const text of PRIVATE) expect(recordText, text).not.toContain(text);
  // It has looked, and done nothing else.
  const { calls, commands } = aws.report();
  expect(commands).toEqual(before.commands);
  const made = Object.keys(calls).filter(
    (api) => JSON.stringify(calls[api]) !== JSON.stringify(before.calls[api]),
  );
  expect(made.filter((api) => !/:(List|Describe|Get|AssumeRole|un)/.test(api))).toEqual([]);
});

test.each([
  [
    'a field more',
    (body: string) => body.replaceAll('<hypervisor>', '<ramdiskId>ari-1</ramdiskId><hypervisor>'),
    /^ec2:DescribeInstances · fields · Reservations\[\]\.Instances\[\]\.RamdiskId \(string\) is in .* never in the simulator's$/,
  ],
  [
    'a field less',
    (body: string) => body.replaceAll(/"PingStatus":"\w+",?/g, ''),
    /^ssm:DescribeInstanceInformation · fields · .*\.PingStatus \(string\) is in every object of the simulator, and never in a real one$/,
  ],
  [
    'another error',
    (body: string) => body.replace(/^(.*)InvalidCommandId\b/, '$1InvalidCommand'),
    /^ssm:ListCommandInvocations · outcome · command id malformed: InvalidCommand \(400\) really, InvalidCommandId \(400\) simulated$/,
  ],
])('a service that differs by %s is told in one line', async (_, alter, expected) => {
  const aws = await startOrganization();
  const url = await startAltered(aws, alter);

  const { code, record } = await runLive(url, [...NAMED, ...ROLE]);

  expect(record.differences).toEqual([expect.stringMatching(expected)]);
  expect(code).toBe(2);
});

test('throttles are waited for, and a missing permission is no difference', async () => {
  const aws = await startOrganization();
  await aws.change(
    { op: 'deny-actions', accountId: ACCOUNTS.member, actions: ['ssm:ListCommands'] },
    { op: 'add-fault', fault: { kind: 'throttle', apis: ['ssm:DescribeDocument'], maxTimes: 2 } },
  );

  const { code, record, stdout } = await runLive(aws.url, [...NAMED, ...ROLE]);

  expect(record.differences).toEqual([]);
  expect(record.aws.notPermitted).toEqual(['ssm:ListCommands']);
  expect(stdout).toContain('not permitted to these credentials: ssm:ListCommands');
  expect(record.aws.answers.filter((one) => 'throttles' in one && one.throttles !== 0)).toHaveLength(1);
  expect(code).toBe(0);
});

test('credentials of another account than the named one ask nothing more', async () => {
  const aws = await startOrganization();
  const before = aws.report().calls;

  const { code, stderr, record } = await runLive(aws.url, [
    '--account',
    ACCOUNTS.member,
    '--region',
    'us-east-1',
  ]);

  expect(code).toBe(78);
  expect(stderr).toContain(
    `of the account ${ACCOUNTS.management}, not of ${ACCOUNTS.member}: nothing was asked`,
  );
  expect(record).toBeNull();
  const after = aws.report().calls;
  const made = Object.keys(after).filter((api) => JSON.stringify(after[api]) !== JSON.stringify(before[api]));
  expect(made).toEqual(['sts:GetCallerIdentity']);
});

test('without a named account nothing is asked', async () => {
  const aws = await startOrganization();
  const before = aws.report().calls;

  const { code, stderr } = await runLive(aws.url, []);

  expect(code).toBe(64);
  expect(stderr).toContain('usage: npm run test:live -- --account');
  expect(aws.report().calls).toEqual(before);
});

test('no client of the check sends a call that changes something', async () => {
  const aws = await startOrganization();
  const before = aws.report().calls;
  const clients = watchClients(
    await memberClients(aws, ACCOUNTS.member),
    `arn:aws:iam::${ACCOUNTS.member}:role/one`,
    () => undefined,
  );
  const ids = await conformanceIds(aws);
  const sent = aws.report();

  for (const api of [
    'ssm:SendCommand',
    'ssm:CancelCommand',
    'ssm:CreateDocument',
    'ssm:UpdateServiceSetting',
    'ssm:ResetServiceSetting',
    'sts:AssumeRole',
  ]) {
    const call = USUAL_CALLS[api];
    await expect(async () => call?.(clients, ids), api).rejects.toThrow('no read-only call');
  }

  expect(aws.report().calls).toEqual(sent.calls);
  expect(aws.report().calls).not.toEqual(before);
});

test('a cluster is compared with the simulated one, and a page that differs is told', async () => {
  const cluster = await startTeleportSim({ visibilityDelayMs: { min: 0, max: 0 } });
  onTestFinished(() => cluster.close());
  const body = {
    token: 'aws-discovery-iam-token',
    accountId: '111122223333',
    instanceId: 'i-0aaaaaaaaaaaaaaaa',
  };
  await fetch(`${cluster.url}/_sim/join`, { method: 'POST', body: JSON.stringify(body) });
  const args = ['--proxy', `127.0.0.1:${cluster.port}`, '--tctl', TCTL];
  const env = { TELEPORT_SIM_URL: cluster.url, PATH: process.env['PATH'] };

  const alike = await runLive('', args, env);
  cluster.setFaults({ installer: 'html' });
  const other = await runLive('', args, env);

  expect(alike.record.differences).toEqual([]);
  expect(alike.recordText).not.toContain('i-0aaaaaaaaaaaaaaaa');
  expect(other.record.differences).toEqual([
    'GET /v1/webapi/scripts/installer/default-installer · headers · text/html really, text/plain simulated',
  ]);
});
