/** What runs: the configuration as it is in force, the processes, and Redis. */
import { z } from 'zod';
import { Freshness, Time } from './paging.ts';

/** `GET /api/v1/configuration`: secrets are `[redacted]`. */
export const EffectiveConfiguration = z.object({
  ...Freshness.shape,
  /** When it was last taken up; null since the start. */
  takenUpAt: Time.nullable(),
  /** Dotted path, value as YAML writes it, and whether it is the default. */
  settings: z.array(z.object({ path: z.string(), value: z.string(), isDefault: z.boolean() })),
});
export type EffectiveConfiguration = z.infer<typeof EffectiveConfiguration>;

export const ProcessRow = z.object({
  /** Host and process id. */
  name: z.string(),
  part: z.enum(['scheduler', 'worker']),
  /** When it last spoke. */
  heardAt: Time,
  /** Its clock minus Redis's. */
  clockOffsetMs: z.number(),
  /** Whether its clock is certainly off by more than is borne. */
  clockIsOff: z.boolean(),
  /** Null for an older release, which does not tell. */
  release: z.string().nullable(),
  commit: z.string().nullable(),
  node: z.string().nullable(),
  /** Share of one core over the last minute, and resident memory; null where it does not tell. */
  cpuShare: z.number().nullable(),
  memoryBytes: z.number().int().nullable(),
});
export type ProcessRow = z.infer<typeof ProcessRow>;

/** `GET /api/v1/processes`. */
export const Processes = z.object({ ...Freshness.shape, items: z.array(ProcessRow) });
export type Processes = z.infer<typeof Processes>;

/** `GET /api/v1/redis`. */
export const RedisFacts = z.object({
  ...Freshness.shape,
  version: z.string().nullable(),
  /** `redis` or `valkey`. */
  server: z.string(),
  mode: z.string().nullable(),
  memoryBytes: z.number().int().nullable(),
  /** Null without a limit. */
  memoryLimitBytes: z.number().int().nullable(),
  evictionPolicy: z.string().nullable(),
  persistence: z.string().nullable(),
  clients: z.number().int().nullable(),
  opsPerSecond: z.number().nullable(),
  uptimeSeconds: z.number().int().nullable(),
  /** Jobs by queue and state. */
  queues: z.record(z.string(), z.record(z.string(), z.number().int())),
});
export type RedisFacts = z.infer<typeof RedisFacts>;
