/**
 * Traces by OpenTelemetry, sent as OTLP over http. Loaded only where they are asked for.
 *
 * The trace of a batch is known by the batch alone: a ULID has 128 bits, as a trace's id, and its last 64 are the id of the first
 * span. So a process that follows the batch goes on in its trace, whatever gave it the job: the tick, or nothing but the ledger.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  envDetector,
  detectResources,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  RandomIdGenerator,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { BatchId } from '../organization/ids.ts';
import { messageOf } from '../runtime/errors.ts';
import { type Clock, within } from '../runtime/clock-port.ts';
import type { Logger } from '../runtime/logger-port.ts';
import type { Redact } from '../runtime/redaction.ts';
import { thisRelease } from '../runtime/release.ts';
import type { SpanAttributes, SpanFacts, Tracing } from './tracing.ts';
import type { TracingSettings } from './tracing-settings.ts';

export interface OtelDeps {
  readonly settings: TracingSettings;
  /** Which process of its kind, such as `host-1/4711`. */
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly redact: Redact;
}

/** How long the last spans are waited for. */
const CLOSE_MS = 3_000;
/** The same trouble again is told after this long. */
const TOLD_FOR_MS = 60_000;
/** More than any attribute of ours. */
const LONGEST_ATTRIBUTE = 500;

const KINDS = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER } as const;

/** Where the collector is, and how it is asked, the exporter reads from `OTEL_EXPORTER_OTLP_…` itself. */
export function createOtelTracing(deps: OtelDeps): Tracing {
  const { settings, clock, redact } = deps;
  const ids = createIds();
  const provider = new TracerProvider({
    // Not by the parent: each process knows from the id alone whether the trace is kept.
    sampler: new TraceIdRatioBasedSampler(settings.keptShare),
    idGenerator: ids,
    resource: resourceOf(deps),
    spanProcessors: [new BatchSpanProcessor({ exporter: tellingOf(new OTLPTraceExporter(), deps) })],
    spanLimits: { attributeValueLengthLimit: LONGEST_ATTRIBUTE },
  });
  const tracer = provider.getTracer('muster', thisRelease().release);
  const running = new AsyncLocalStorage<Span>();
  const clean = (attributes: SpanAttributes): Attributes => cleanAttributes(attributes, redact);

  function start({ name, kind = 'internal', attributes = {}, place }: SpanFacts): Span | null {
    const inside = running.getStore();
    if (place === undefined && inside === undefined && kind === 'client') return null;
    const { parent, links } = parentOf(place, inside);
    ids.force(place !== undefined && 'begins' in place ? contextOfBatch(place.begins) : null);
    const span = tracer.startSpan(name, { kind: KINDS[kind], attributes: clean(attributes), links }, parent);
    ids.force(null);
    return span;
  }

  return {
    async inSpan(facts, work) {
      const span = start(facts());
      if (span === null) return work({ set: () => undefined, fail: () => undefined });
      try {
        return await running.run(span, () =>
          work({
            set: (attributes) => {
              span.setAttributes(clean(attributes));
            },
            fail: (code) => {
              span.setStatus({ code: SpanStatusCode.ERROR, message: redact(code) });
            },
          }),
        );
      } catch (error) {
        // Its message may hold anything; the log has it, redacted.
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
    current: () => {
      const context = running.getStore()?.spanContext();
      return context === undefined ? null : `00-${context.traceId}-${context.spanId}-01`;
    },
    close: async () => {
      await within(
        clock,
        CLOSE_MS,
        provider.shutdown().catch(() => undefined),
      );
    },
  };
}

/** The span behind which another one stands, and what it points to beside that. */
function parentOf(
  place: SpanFacts['place'],
  inside: Span | undefined,
): { readonly parent: Context; readonly links: Link[] } {
  if (place === undefined) {
    return { parent: inside === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, inside), links: [] };
  }
  if ('behind' in place) return { parent: remote(readTraceparent(place.behind)), links: [] };
  // What the batch's trace leaves out: the run of the job that this happens in.
  const links = inside === undefined ? [] : [{ context: inside.spanContext() }];
  return { parent: 'of' in place ? remote(contextOfBatch(place.of)) : ROOT_CONTEXT, links };
}

function remote(context: SpanContext | null): Context {
  return context === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, context);
}

/** Null for a text that Muster did not write. */
function readTraceparent(text: string | null): SpanContext | null {
  const [, traceId, spanId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(text ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return null;
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
}

/** Crockford's digits, as a ULID is written: https://github.com/ulid/spec */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The first span of a batch's trace. */
function contextOfBatch(batchId: BatchId): SpanContext {
  let bits = 0n;
  for (const digit of batchId) bits = bits * 32n + BigInt(DIGITS.indexOf(digit));
  const traceId = bits.toString(16).padStart(32, '0').slice(-32);
  return { traceId, spanId: traceId.slice(16), traceFlags: TraceFlags.SAMPLED, isRemote: true };
}

/** Random ids, but for a span that is started between `force` and `force(null)`. */
function createIds() {
  const random = new RandomIdGenerator();
  let forced: SpanContext | null = null;
  return {
    force: (context: SpanContext | null): void => {
      forced = context;
    },
    generateTraceId: (): string => forced?.traceId ?? random.generateTraceId(),
    generateSpanId: (): string => forced?.spanId ?? random.generateSpanId(),
  };
}

function resourceOf({ settings, instance }: OtelDeps) {
  return defaultResource()
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(
      resourceFromAttributes({
        'service.name': settings.serviceName,
        'service.version': thisRelease().release,
        'service.instance.id': instance,
      }),
    );
}

function cleanAttributes(attributes: SpanAttributes, redact: Redact): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => {
      if (typeof value === 'string') return [name, redact(value)];
      return [name, Array.isArray(value) ? value.map((one: string) => redact(one)) : value];
    }),
  );
}

/** A collector that is away loses traces, and nothing else; it is told once a minute. */
function tellingOf(exporter: SpanExporter, { clock, log }: Pick<OtelDeps, 'clock' | 'log'>): SpanExporter {
  let untilMs = 0;
  return {
    export: (spans, done) => {
      exporter.export(spans, (result) => {
        if (result.error !== undefined && clock.monotonicMs() >= untilMs) {
          untilMs = clock.monotonicMs() + TOLD_FOR_MS;
          log.warn({ spans: spans.length, reason: messageOf(result.error) }, 'traces could not be sent');
        }
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
