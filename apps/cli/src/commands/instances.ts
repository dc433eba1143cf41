import { candidateAt } from '@muster/core/enrollment/record-codec';
import type { Command } from 'commander';
import type { Ledger } from '@muster/core/control/ledger';
import { isCause } from '@muster/core/enrollment/cause';
import { nextAttempt } from '@muster/core/enrollment/next-record';
import { causeOf, ENROLLMENT_STATES, stateOf, type StoredRecord } from '@muster/core/enrollment/record';
import { AccountId, Region } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import type { TargetWait } from '@muster/core/rollout/send-wait';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { withLedger } from '../open-ledger.ts';

interface Options {
  readonly state?: string;
  readonly account?: string;
  readonly region?: string;
  readonly cause?: string;
  readonly json?: boolean;
}

/** `muster instances`: one line each; JSON lines with `--json`. */
export function addInstancesCommand(program: Command, context: CommandContext): void {
  program
    .command('instances')
    .description('list instances and where they stand')
    .option('--state <state>', 'only in this state')
    .option('--account <id>', 'only in this account')
    .option('--region <region>', 'only in this region')
    .option('--cause <cause>', 'only with this cause')
    .option('--json', 'JSON lines (docs/status-json.md)')
    .action(async (options: Options) => {
      const filter = parseFilter(options);
      const config = readConfig(context.env, context.configOption());
      await withLedger(config, async (ledger, clock) => {
        await requireMet(ledger, filter);
        for await (const instance of readInstances(ledger, filter, clock.now())) {
          process.stdout.write(
            `${options.json === true ? JSON.stringify(instance) : describeInstance(instance)}\n`,
          );
        }
      });
    });
}

function parseFilter(options: Options): InstanceFilter {
  const account = options.account === undefined ? null : AccountId.safeParse(options.account);
  const region = options.region === undefined ? null : Region.safeParse(options.region);
  if (account?.success === false) {
    throw new CommandError(EXIT.usage, `--account ${options.account}: an AWS account id has 12 digits`);
  }
  if (region?.success === false) {
    throw new CommandError(EXIT.usage, `--region ${options.region}: an AWS region looks like eu-west-1`);
  }
  return {
    state: options.state ?? null,
    accountId: account?.data ?? null,
    region: region?.data ?? null,
    cause: options.cause ?? null,
  };
}

/** A slip must not look like an organization without such instances. A word of a newer release is one while instances have it. */
async function requireMet(ledger: Ledger, { state, cause }: InstanceFilter): Promise<void> {
  const isState = state === null || ENROLLMENT_STATES.some((one) => one === state);
  if (isState && (cause === null || isCause(cause))) return;
  const { states, causes } = await ledger.enrollments.counts();
  if (!isState && !states.has(state)) {
    throw new CommandError(
      EXIT.usage,
      `--state ${state}: there is no such state; there are ${ENROLLMENT_STATES.join(', ')}`,
    );
  }
  if (cause !== null && !isCause(cause) && !causes.has(cause)) {
    throw new CommandError(
      EXIT.usage,
      `--cause ${cause}: there is no such cause; muster findings lists those that are met`,
    );
  }
}

interface InstanceFilter {
  readonly state: string | null;
  readonly accountId: AccountId | null;
  readonly region: Region | null;
  readonly cause: string | null;
}

/** One line of `muster instances --json` (docs/status-json.md). Absent values are null, times ISO 8601 in UTC. */
interface InstanceLine {
  readonly instanceId: string;
  readonly accountId: string;
  readonly region: string;
  readonly state: string;
  readonly cause: string | null;
  readonly since: string;
  readonly attempts: number;
  /** When it is tried next, where a time is known: of a failed one, and of a queued one that waits for its back-off. */
  readonly nextAttemptAt: string | null;
  /** Why a queued or failed one is not tried now: `back-off`, `turn`, or what its target's sends wait for. */
  readonly waitsFor: string | null;
  readonly commandId: string | null;
  readonly nodeId: string | null;
  readonly exitCode: number | null;
  /** The tail of the newest failed attempt's output. Untrusted text. */
  readonly output: string | null;
}

/** Streams the instances target by target, so that listing 100,000 of them needs the memory of one target. */
export async function* readInstances(
  ledger: Ledger,
  filter: InstanceFilter,
  nowMs: number,
): AsyncGenerator<InstanceLine> {
  const targets = (await targetsOf(ledger, filter)).filter(
    (target) =>
      (filter.accountId === null || target.accountId === filter.accountId) &&
      (filter.region === null || target.region === filter.region),
  );
  const inOrder = targets.toSorted(
    (a, b) => a.accountId.localeCompare(b.accountId) || a.region.localeCompare(b.region),
  );
  for (const target of inOrder) {
    const wait = await ledger.waits.of(target);
    for (const { value } of (await ledger.enrollments.readAll(target)).values()) {
      const line = lineOf(target, value, wait, nowMs);
      if (filter.state !== null && line.state !== filter.state) continue;
      if (filter.cause !== null && line.cause !== filter.cause) continue;
      yield line;
    }
  }
}

/** The targets that can hold what is asked for. */
async function targetsOf(
  { enrollments }: Ledger,
  { state, cause }: InstanceFilter,
): Promise<readonly Target[]> {
  if (cause !== null) return enrollments.targetsWith({ cause });
  return state === null ? enrollments.populated() : enrollments.targetsWith({ state });
}

function lineOf(target: Target, record: StoredRecord, wait: TargetWait | null, nowMs: number): InstanceLine {
  const next = nextAttempt(record, nowMs);
  const last = record.attempts.at(-1);
  return {
    instanceId: record.instanceId,
    accountId: target.accountId,
    region: target.region,
    state: stateOf(record),
    cause: causeOf(record),
    since: new Date(record.changedAtMs).toISOString(),
    attempts: record.attemptCount,
    nextAttemptAt: next === null ? null : new Date(next.atMs).toISOString(),
    waitsFor: next?.reason ?? (candidateAt(record) === null ? null : (wait?.reason ?? null)),
    commandId: 'commandId' in record ? (record.commandId ?? null) : (last?.commandId ?? null),
    nodeId: record.state === 'joined' ? record.nodeId : null,
    exitCode: last?.exitCode ?? null,
    output: last === undefined || last.output === '' ? null : last.output,
  };
}

/** The line for a terminal. */
function describeInstance(line: InstanceLine): string {
  const cause = line.cause === null ? '' : `  ${line.cause}`;
  const next = line.nextAttemptAt === null ? '' : `  next attempt ${line.nextAttemptAt}`;
  const wait = line.waitsFor === null ? '' : `  waits: ${line.waitsFor}`;
  return terminalLine(
    `${line.accountId}  ${line.region.padEnd(14)}  ${line.instanceId}  ${line.state.padEnd(10)}${cause}${wait}${next}`,
  );
}
