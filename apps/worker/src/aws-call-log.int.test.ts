import { createServer, type Server, type Socket, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { createAwsAdapter } from '@muster/core/aws/adapter';
import { AccountId } from '@muster/core/organization/ids';
import type { AwsCall } from '@muster/core/organization/aws-actions';
import { readFindings } from '@muster/core/control/standing-findings';
import { createClock } from '@muster/core/runtime/clock';
import { recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { afterEach, expect, test } from 'vitest';
import { createUnansweredWatch, type UnansweredWatch } from './aws-call-log.ts';

const bench = useLedgerBench();
const accountId = AccountId.parse('100000000001');
const open: (() => void)[] = [];

afterEach(() => {
  for (const close of open.splice(0)) close();
});

function watchOf(ledger: ReturnType<typeof bench.create>['ledger'], now = Date.now): UnansweredWatch {
  const watch = createUnansweredWatch({
    unanswered: ledger.unanswered,
    clock: { now },
    log: recordingLog([]),
  });
  open.push(() => watch.close());
  return watch;
}

const silence: AwsCall = {
  action: 'ssm:SendCommand',
  outcome: 'failed',
  accountId,
  region: 'eu-west-1' as AwsCall['region'],
  durationMs: 20_000,
  unanswered: true,
};

test('the first call that is given up after its time is a finding at once, and any answer takes it away', async () => {
  const { ledger } = bench.create();
  const [mine, other] = [watchOf(ledger), watchOf(ledger)];

  mine.observe(silence);
  await mine.tell();
  const during = await readFindings(ledger);
  // An answer that another worker gets, also a no, is one.
  other.observe({ ...silence, outcome: 'denied', unanswered: false });
  mine.observe({ ...silence, outcome: 'denied', unanswered: false });
  await other.tell();
  await mine.tell();

  expect(during).toEqual([expect.objectContaining({ kind: 'aws-unanswered', scope: 'aws:ssm:eu-west-1' })]);
  expect(await readFindings(ledger)).toEqual([]);
});

/** Accepts every connection and never says a word. */
async function startSilentServer(): Promise<{ readonly server: Server; readonly url: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('an AWS that accepts connections and never answers is a finding within a minute', async () => {
  const { ledger } = bench.create();
  const { url } = await startSilentServer();
  const watch = watchOf(ledger);
  const before = process.env['AWS_ENDPOINT_URL'];
  process.env['AWS_ENDPOINT_URL'] = url;
  const ending = new AbortController();
  open.push(() => {
    ending.abort();
    if (before === undefined) delete process.env['AWS_ENDPOINT_URL'];
    else process.env['AWS_ENDPOINT_URL'] = before;
  });
  const aws = createAwsAdapter({
    clock: createClock(),
    observe: watch.observe,
    partition: 'aws',
    sessionName: 'test',
    log: recordingLog([]),
    random: () => 0,
    baseCredentials: async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }),
  });
  open.push(() => aws.close());
  const begunAtMs = Date.now();

  const asked = aws.describeCaller(ending.signal).catch((error: unknown) => error);
  await eventually(
    'it is a finding',
    async () => (await readFindings(ledger)).some(({ kind }) => kind === 'aws-unanswered'),
    60_000,
  );

  expect(Date.now() - begunAtMs).toBeLessThan(60_000);
  ending.abort();
  await asked;
});
