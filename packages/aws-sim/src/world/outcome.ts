import { z } from 'zod';

const durationMs = z.int().min(0).max(86_400_000).optional();
const output = z.string().max(100_000).optional();

/**
 * How a command ends on a host. Times are simulated milliseconds.
 *
 * - `joins`: runs the installer it is given and joins (exit 0), or ends as the installer and the token decide.
 * - `preflight`: lacks something the command checks first: 100 bash, 101 sudo, 102 curl, 103 disk, 104 proxy unreachable.
 * - `exits`: the installer script ends with this code; `joins` says whether the agent came up all the same.
 * - `join-refused`: installs, but the agent never becomes ready: exit 150.
 * - `lock-held`: another installer holds the lock file: exit 1.
 * - `foreign-agent`: an agent that Muster did not install is there: exit 1 of the installer, 120 of a command that looks first; untouched.
 * - `bottlerocket`: the command runs in the control container: 122 of a command that looks for it, else what lacks there (sudo).
 * - `hangs`: never ends; the agent kills it at executionTimeout (ExecutionTimedOut).
 * - `vanishes`: the agent takes it and is never heard of again (DeliveryTimedOut).
 * - `undeliverable`: never reaches the host (Undeliverable); with `runs` the installer ran and joined all the same.
 * - `terminated`, `invalid-platform`, `access-denied`: ended by the service before it is sent to the host, as after too
 *   many errors, for another platform, or for a host the caller may not command.
 */
export const HostOutcome = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('joins'), durationMs, stdout: output }),
  z.strictObject({ kind: z.literal('preflight'), exitCode: z.int().min(100).max(104) }),
  z.strictObject({
    kind: z.literal('exits'),
    exitCode: z.int().min(0).max(255),
    stdout: output,
    stderr: output,
    joins: z.boolean().optional(),
    durationMs,
  }),
  z.strictObject({ kind: z.literal('join-refused'), durationMs }),
  z.strictObject({ kind: z.literal('lock-held') }),
  z.strictObject({ kind: z.literal('foreign-agent') }),
  z.strictObject({ kind: z.literal('bottlerocket') }),
  z.strictObject({ kind: z.literal('hangs') }),
  z.strictObject({ kind: z.literal('vanishes') }),
  z.strictObject({ kind: z.literal('undeliverable'), runs: z.boolean().optional() }),
  z.strictObject({ kind: z.literal('terminated') }),
  z.strictObject({ kind: z.literal('invalid-platform') }),
  z.strictObject({ kind: z.literal('access-denied') }),
]);
export type HostOutcome = z.infer<typeof HostOutcome>;

/** One outcome for every run, or one per run in order, the last of which repeats. */
export const HostOutcomes = z.union([HostOutcome, z.array(HostOutcome).min(1)]);

/** The outcome of the nth run (from 0). */
export function outcomeOfRun(outcomes: readonly HostOutcome[], run: number): HostOutcome {
  return outcomes[Math.min(run, outcomes.length - 1)] ?? { kind: 'joins' };
}
