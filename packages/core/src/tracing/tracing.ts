import type { BatchId } from '../organization/ids.ts';

/** What a span says of its work. No output, no message of AWS, no secret: ids, names, counts and codes. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** One piece of work of a trace. */
export interface SpanFacts {
  readonly name: string;
  /** `consumer`: a run of a job. `client`: a call to another system, which alone makes no trace. @default "internal" */
  readonly kind?: 'internal' | 'client' | 'consumer';
  readonly attributes?: SpanAttributes;
  /**
   * Where it stands: the first of a batch's trace, a later one of it, or behind the span that a job carries (null: a trace of its own).
   * @default inside the running span
   */
  readonly place?:
    | { readonly begins: BatchId }
    | { readonly of: BatchId }
    | { readonly behind: string | null };
}

/** A span under way. */
export interface ActiveSpan {
  set(attributes: SpanAttributes): void;
  /** Marks it as failed. @param code never a text from outside */
  fail(code: string): void;
}

/** Traces of what a process does (docs/decisions/0039-telemetry.md). Off, it costs a function call. */
export interface Tracing {
  /** Does the work in a span. @param facts asked only when traces are made */
  inSpan<T>(facts: () => SpanFacts, work: (span: ActiveSpan) => Promise<T>): Promise<T>;
  /** The running span as W3C's `traceparent`, for a job to carry; null without one. */
  current(): string | null;
  /** Sends what is left, for a few seconds at most. */
  close(): Promise<void>;
}

const NO_SPAN: ActiveSpan = { set: () => undefined, fail: () => undefined };

/** Makes no traces, and loads nothing. */
export const NO_TRACING: Tracing = {
  inSpan: (_facts, work) => work(NO_SPAN),
  current: () => null,
  close: () => Promise.resolve(),
};
