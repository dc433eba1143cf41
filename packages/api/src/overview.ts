/** Where the organization stands: what the first page of the console shows, and `muster status`. */
import { z } from 'zod';
import { FindingRow } from './findings.ts';
import { Freshness, Time } from './paging.ts';
import { Ramp, Wave } from './rollout.ts';
import { ByCause, ByState, Owner } from './scopes.ts';
import { Sweep } from './sweeps.ts';

/** Hosts in one state, and which of them has been there longest. */
const StateCount = z.object({
  state: z.string(),
  hosts: z.number().int(),
  /** Null where there is none, or where the read model cannot say it yet. */
  oldest: z.object({ instanceId: z.string(), since: Time }).nullable(),
});

export const Overview = z.object({
  ...Freshness.shape,
  /** Whose cluster and group this is. */
  cluster: z.object({ proxyServer: z.string().nullable(), discoveryGroup: z.string() }),
  pollIntervalMs: z.number().int(),
  /** The newest sweep; null before the first. */
  sweep: Sweep.nullable(),
  /** The last one that has ended: it stands beside the one that runs. */
  lastSweep: Sweep.nullable(),
  instances: z.object({
    total: z.number().int(),
    byState: ByState,
    byCause: ByCause,
  }),
  /** In the order of a host's way; states without hosts stand with 0. */
  funnel: z.array(StateCount),
  commands: z.object({ sent: z.number().int(), live: z.number().int() }),
  aws: z.object({
    calls: z.record(z.string(), z.number().int()),
    throttled: z.record(z.string(), z.number().int()),
  }),
  /** The last complete reading of Teleport's nodes; null before the first, and where none is configured. */
  inventory: z.object({ nodes: z.number().int(), readAt: Time, error: z.string().nullable() }).nullable(),
  rollout: z.object({ waves: z.array(Wave), ramps: z.array(Ramp) }),
  /** What needs an operator: what stops sends first, then the most urgent, then the oldest; at most 20. */
  needs: z.array(FindingRow),
  /** Findings that stand, by who must act; muted ones are left out. */
  findingsByOwner: z.array(z.object({ owner: Owner, findings: z.number().int(), hosts: z.number().int() })),
});
export type Overview = z.infer<typeof Overview>;
