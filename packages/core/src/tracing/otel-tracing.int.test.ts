import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret } from '../config/secret.ts';
import type { BatchId } from '../organization/ids.ts';
import { createClock } from '../runtime/clock.ts';
import { SILENT } from '../runtime/logger-port.ts';
import { createRedactor } from '../runtime/redaction.ts';
import { createOtelTracing } from './otel-tracing.ts';
import type { Tracing } from './tracing.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly status?: { readonly code?: number };
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

const BATCH = '01JD4Q7W8ZC2R6M3N5P9T0VXYB' as BatchId;
const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';

let collector: Server;
let bodies: string[];
beforeEach(async () => {
  bodies = [];
  collector = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.once('end', () => {
      bodies.push(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  process.env[ENDPOINT] = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});
afterEach(() => {
  Reflect.deleteProperty(process.env, ENDPOINT);
  collector.close();
});

function startTracing(keptShare = 1): Tracing {
  return createOtelTracing({
    settings: { keptShare, serviceName: 'muster-test' },
    instance: 'host/1',
    clock: createClock(),
    log: SILENT,
    redact: createRedactor([new Secret('join-token-of-ours')]),
  });
}

function spans(): readonly Span[] {
  return bodies.flatMap((body) =>
    (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans.flatMap(
      ({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans),
    ),
  );
}

function span(name: string): Span {
  const found = spans().find((one) => one.name === name);
  if (found === undefined) throw new Error(`no span ${name}`);
  return found;
}

const nothing = (): Promise<void> => Promise.resolve();

test('two processes that know of each other by the batch alone write one trace', async () => {
  const [sender, follower] = [startTracing(), startTracing()];
  await sender.inSpan(
    () => ({ name: 'install-batch', kind: 'consumer', place: { behind: null } }),
    () => sender.inSpan(() => ({ name: 'send-batch', place: { begins: BATCH } }), nothing),
  );
  await follower.inSpan(
    () => ({ name: 'collect-command', kind: 'consumer', place: { of: BATCH } }),
    () => follower.inSpan(() => ({ name: 'ssm:ListCommandInvocations', kind: 'client' }), nothing),
  );
  await Promise.all([sender.close(), follower.close()]);

  const [install, send, collect, call] = [
    span('install-batch'),
    span('send-batch'),
    span('collect-command'),
    span('ssm:ListCommandInvocations'),
  ];
  expect(send.parentSpanId ?? '').toBe('');
  expect(send.traceId).not.toBe(install.traceId);
  expect(send.links).toEqual([expect.objectContaining({ traceId: install.traceId, spanId: install.spanId })]);
  expect([collect.traceId, collect.parentSpanId]).toEqual([send.traceId, send.spanId]);
  expect([call.traceId, call.parentSpanId]).toEqual([send.traceId, collect.spanId]);
});

test('a job goes on behind the span whose traceparent it carries; what Muster did not write begins a trace', async () => {
  const tracing = startTracing();
  let carried: string | null = null;
  await tracing.inSpan(
    () => ({ name: 'scan-target', place: { behind: null } }),
    () => {
      carried = tracing.current();
      return nothing();
    },
  );
  await tracing.inSpan(() => ({ name: 'install-batch', place: { behind: carried } }), nothing);
  await tracing.inSpan(() => ({ name: 'forged', place: { behind: '00-evil' } }), nothing);
  await tracing.close();

  expect(tracing.current()).toBeNull();
  expect(span('install-batch').parentSpanId).toBe(span('scan-target').spanId);
  expect(span('forged').parentSpanId ?? '').toBe('');
});

test('a call outside of a job makes no trace, and a failure none of its words', async () => {
  const tracing = startTracing();
  await tracing.inSpan(() => ({ name: 'sts:AssumeRole', kind: 'client' }), nothing);
  const failing = tracing.inSpan(
    () => ({ name: 'scan-target', place: { behind: null }, attributes: { note: 'with join-token-of-ours' } }),
    () => Promise.reject(new Error('a message of AWS')),
  );
  await expect(failing).rejects.toThrow('a message of AWS');
  await tracing.close();

  expect(spans().map(({ name }) => name)).toEqual(['scan-target']);
  expect(span('scan-target').status?.code).toBe(2);
  expect(bodies.join('')).not.toContain('a message of AWS');
  expect(bodies.join('')).not.toContain('join-token-of-ours');
});

test('of a share of 0 nothing is sent, and a collector that is away delays no end for long', async () => {
  const none = startTracing(0);
  await none.inSpan(() => ({ name: 'send-batch', place: { begins: BATCH } }), nothing);
  await none.close();
  expect(bodies).toEqual([]);

  process.env[ENDPOINT] = 'http://127.0.0.1:1';
  const tracing = startTracing();
  await tracing.inSpan(() => ({ name: 'scan-target', place: { behind: null } }), nothing);
  const startedAt = performance.now();
  await tracing.close();

  expect(performance.now() - startedAt).toBeLessThan(6_000);
});
