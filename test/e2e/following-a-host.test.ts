/** One id leads from the sweep to the command: through the logs, the instance's story, and the traces that a collector is sent. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterAll, beforeAll, expect, test } from 'vitest';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly links?: readonly { readonly traceId: string }[];
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Span['attributes'] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

interface Line {
  readonly msg: string;
  readonly job?: string;
  readonly sweepId?: string;
  readonly sweepIds?: readonly string[];
  readonly batchId?: string;
  readonly batchIds?: readonly string[];
  readonly commandId?: string;
  readonly instanceIds?: readonly string[];
  readonly traceId?: string;
}

/** More than any chain has: a send, its polls and its end, each with a few calls. */
const MOST_SPANS_OF_A_TRACE = 60;

let collector: Server;
let system: MusterSystem;
const bodies: string[] = [];
beforeAll(async () => {
  collector = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.once('end', () => {
      if (request.url === '/v1/traces') bodies.push(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  system = await startSystem({
    world: { accounts: 3, regions: 2, instances: 30 },
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, LOG_LEVEL: 'debug' },
  });
  await allJoined();
  // Its scan finds nothing that sends have to wait for, and asks for its install itself.
  const [known = ''] = (await system.cli('instances', '--json')).stdout.split('\n');
  const { accountId, region } = JSON.parse(known) as { readonly accountId: string; readonly region: string };
  const { total } = (await system.status()).instances;
  const instance = { region, ssm: { registersAfterMs: 0 } };
  await system.aws.change({ op: 'launch-instances', accountId, instance });
  await system.cli('sweep');
  await eventually('it is known', async () => (await system.status()).instances.total > total, 60_000);
  await allJoined();
  // The last spans leave with the process.
  await system.stop();
});
afterAll(async () => {
  await system.close();
  collector.close();
});

async function allJoined(): Promise<void> {
  await eventually(
    'all hosts have joined',
    async () => {
      const { byState, total } = (await system.status()).instances;
      return total > 0 && byState['joined'] === total;
    },
    120_000,
  );
}

/** Lines that a grep for the text finds, in the logs of all processes. */
function grep(text: string): readonly Line[] {
  return system.processes
    .flatMap((child) => child.log().split('\n'))
    .filter((line) => line.startsWith('{') && line.includes(text))
    .map((line) => JSON.parse(line) as Line);
}

function spans(): readonly Span[] {
  return bodies
    .flatMap((body) => (JSON.parse(body) as Export).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
}

function attribute(span: Span, key: string): unknown {
  const value = span.attributes.find((one) => one.key === key)?.value ?? {};
  return Object.values(value)[0];
}

/** A command as it was sent, and one of its hosts. */
function firstSend(): { readonly line: Line; readonly instanceId: string } {
  const line = grep('"msg":"command sent"')[0];
  const instanceId = line?.instanceIds?.[0];
  if (line === undefined || instanceId === undefined) throw new Error('no command was sent');
  return { line, instanceId };
}

test('one grep for the id of the sweep finds its scan, its command, the end of that and the joining', () => {
  const [sweepId = ''] = firstSend().line.sweepIds ?? [];

  const found = grep(sweepId);
  const jobs = new Set(found.filter(({ msg }) => msg === 'job done').map(({ job }) => job));

  expect(sweepId).toMatch(/^[0-9A-Z]{26}$/);
  for (const job of ['list-accounts', 'scan-target', 'collect-command', 'verify-joined']) {
    expect(jobs).toContain(job);
  }
  expect(found.map(({ msg }) => msg)).toContain('command sent');
  expect(found.map(({ msg }) => msg)).toContain('command ended');
});

test('a host leads to its batch, and the batch to every job about it', () => {
  const { line, instanceId } = firstSend();
  const { batchId = '' } = line;

  expect(grep(instanceId)).toContainEqual(expect.objectContaining({ msg: 'command sent', batchId }));
  const jobs = grep(batchId)
    .filter(({ msg }) => msg === 'job done')
    .map(({ job }) => job);
  expect(jobs).toContain('collect-command');
  expect(jobs).toContain('verify-joined');
});

test('the story of an instance names the batch of each attempt', async () => {
  const { line, instanceId } = firstSend();

  const { stdout } = await system.cli('explain', instanceId, '--json');

  expect(JSON.parse(stdout)).toMatchObject({
    state: 'joined',
    attempts: [{ batchId: line.batchId, commandId: line.commandId }],
    sweepId: null,
  });
});

test('a batch has a trace of its own: its send, its polls and what became of its hosts, with the calls to AWS inside', () => {
  const { batchId = '' } = firstSend().line;
  const all = spans();
  const first = all.find(
    (span) => span.name === 'send-batch' && attribute(span, 'muster.batch.id') === batchId,
  );

  const chain = all.filter(({ traceId }) => traceId === first?.traceId);
  const named = (name: string): readonly Span[] => chain.filter((span) => span.name === name);

  expect(first?.parentSpanId ?? '').toBe('');
  expect(named('send-batch')).toHaveLength(1);
  expect(named('collect-command').map(({ parentSpanId }) => parentSpanId)).toContain(first?.spanId);
  expect(named('hosts-verified').length).toBeGreaterThan(0);
  const [sent] = named('ssm:SendCommand');
  expect(sent?.parentSpanId).toBe(first?.spanId);
  expect(attribute(sent ?? (chain[0] as Span), 'cloud.account.id')).toMatch(/^\d{12}$/);
  const polls = new Set(named('collect-command').map(({ spanId }) => spanId));
  expect(named('ssm:ListCommandInvocations').every(({ parentSpanId }) => polls.has(parentSpanId ?? ''))).toBe(
    true,
  );
  // Its log lines name the trace.
  expect(
    grep(batchId).some(({ traceId, job }) => job === 'collect-command' && traceId === first?.traceId),
  ).toBe(true);
  // The trace points to the run of the job that it began in.
  const installs = new Set(all.filter(({ name }) => name === 'install-batch').map(({ traceId }) => traceId));
  expect(first?.links?.every(({ traceId }) => installs.has(traceId))).toBe(true);
});

test('a scan and the install that it asks for are one trace; no trace has more than a chain', () => {
  const all = spans();
  const byTrace = new Map<string, Span[]>();
  for (const span of all) byTrace.set(span.traceId, [...(byTrace.get(span.traceId) ?? []), span]);
  const sizes = [...byTrace.values()].map((trace) => trace.length);
  const scans = [...byTrace.values()].filter((trace) => trace.some(({ name }) => name === 'scan-target'));

  expect(scans.length).toBeGreaterThan(3);
  expect(scans.some((trace) => trace.some(({ name }) => name === 'install-batch'))).toBe(true);
  // No sweep and no tick is a parent: a scan has no other scan beside it.
  expect(scans.every((trace) => trace.filter(({ name }) => name === 'scan-target').length === 1)).toBe(true);
  expect(Math.max(...sizes)).toBeLessThan(MOST_SPANS_OF_A_TRACE);
  // A call to AWS outside of a job makes no trace.
  expect([...byTrace.values()].every((trace) => trace.some(({ name }) => !name.includes(':')))).toBe(true);
});

test('spans carry no secret, no script and no output', () => {
  const text = bodies.join('\n');

  expect(text).toContain('"service.name"');
  expect(text).toContain('muster-worker');
  for (const secret of [
    system.aws.world.access.secretAccessKey,
    'curl',
    'AWS4-HMAC',
    'password-of-a-throwaway',
  ]) {
    expect(text).not.toContain(secret);
  }
});

test.each([
  [{ LOG_FORMAT: 'loud' }, 'LOG_FORMAT is "loud": use one of json, pretty'],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL is grpc'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'must begin with http:// or https://'],
])('a worker with %j ends with 78 and says why', async (env, said) => {
  const child = system.start('worker', { env });

  expect(await child.ended).toMatchObject({ code: 78 });
  expect(child.log()).toContain(said);
  expect(child.log().trimEnd().split('\n')).toHaveLength(1);
});

test('LOG_FORMAT=pretty writes lines for a person', async () => {
  const child = system.start('worker', { env: { LOG_FORMAT: 'pretty' } });

  await eventually('it says that it has started', () => child.log().includes('worker started'));
  child.signal('SIGTERM');
  await child.ended;

  expect(child.log()).toMatch(/^\[[\d:.]+\] INFO \(worker\): worker started/m);
});
