import { invocationLink } from '@muster/core/install/console-link';
import { causeFacts } from '@muster/core/enrollment/cause';
import { BYSTANDER_TEXTS, type BystanderKind } from '@muster/core/scan/bystander';
import { pausedBy } from '@muster/core/control/control';
import { describeNextAttempt, nextAttempt, type NextAttempt } from '@muster/core/enrollment/next-attempt';
import { describeWait } from '@muster/core/rollout/send-wait';
import type { EnrollmentRecord } from '@muster/core/enrollment/record';
import { InstanceId } from '@muster/core/organization/ids';
import { readTargetId, type Target } from '@muster/core/organization/target';
import type { MusterConfig } from '@muster/core/config/model';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { withLedger } from '../open-ledger.ts';
import { readConfig } from '../read-config.ts';
import type { Ledger } from '@muster/core/control/ledger';

/** `muster explain INSTANCE`: why it is, or is not, enrolled. */
export function addExplainCommand(program: Command, context: CommandContext): void {
  program
    .command('explain')
    .argument('<instance>', 'an EC2 instance id')
    .option('--json', 'one line of JSON')
    .description('why an instance is, or is not, enrolled')
    .action(async (text: string, options: { json?: boolean }) => {
      const id = InstanceId.safeParse(text);
      if (!id.success) {
        throw new CommandError(EXIT.usage, `${text}: an EC2 instance id looks like i-0123456789abcdef0`);
      }
      const config = readConfig(context.env, context.configOption());
      const explanation = await withLedger(config, (ledger, clock) =>
        explain({ ledger, config, nowMs: clock.now() }, id.data),
      );
      if (explanation === null) {
        throw new CommandError(
          EXIT.failed,
          `${id.data} is not known: no scan of an account and region in scope has seen it. See muster coverage for what could not be read.`,
        );
      }
      process.stdout.write(
        `${options.json === true ? JSON.stringify(explanation) : formatExplanation(explanation)}\n`,
      );
    });
}

/** `explain --json` (docs/status-json.md). */
interface Explanation {
  readonly instanceId: string;
  readonly accountId: string;
  readonly region: string;
  readonly state: string;
  /** Null for one that has no record. */
  readonly since: string | null;
  readonly cause: string | null;
  readonly title: string | null;
  readonly owner: string | null;
  readonly remedy: string | null;
  readonly nextAttemptAt: string | null;
  /** Why nothing is done now, as a sentence; null when it waits for nothing. */
  readonly waitsFor: string | null;
  readonly pausedBy: string | null;
  readonly matcher: string | null;
  readonly targetLastRead: string | null;
  readonly targetStatus: string | null;
  /** Null when it never was, or is not known any more. */
  readonly targetLastComplete: string | null;
  readonly attempts: readonly {
    readonly endedAt: string;
    readonly commandId: string | null;
    readonly link: string | null;
    readonly cause: string | null;
    readonly exitCode: number | null;
    readonly output: string;
  }[];
  readonly attemptCount: number;
}

interface ExplainDeps {
  readonly ledger: Ledger;
  readonly config: MusterConfig;
  readonly nowMs: number;
}

/** Targets asked at once. */
const CHUNK = 500;

async function explain(deps: ExplainDeps, id: InstanceId): Promise<Explanation | null> {
  const { enrollments, coverage } = deps.ledger;
  const populated = await enrollments.populated();
  for (let from = 0; from < populated.length; from += CHUNK) {
    const chunk = populated.slice(from, from + CHUNK);
    const read = await Promise.all(chunk.map((target) => enrollments.read(target, [id])));
    for (const [index, target] of chunk.entries()) {
      const stored = read[index]?.get(id);
      if (stored !== undefined) return describe(deps, target, stored.value);
    }
  }
  const targets = (await coverage.all()).map(({ id: member }) => readTargetId(member));
  const bystander = await enrollments.findBystander(
    targets.filter((target) => target !== null),
    id,
  );
  return bystander === null ? null : describeBystander(deps, id, bystander);
}

/** Seen by scans, and none of Muster's business: there is no record, so there is little to tell. */
async function describeBystander(
  { ledger }: ExplainDeps,
  id: InstanceId,
  { target, kind }: { readonly target: Target; readonly kind: BystanderKind },
): Promise<Explanation> {
  return {
    instanceId: id,
    ...target,
    state: kind,
    since: null,
    cause: null,
    title: null,
    owner: null,
    remedy: null,
    nextAttemptAt: null,
    waitsFor: BYSTANDER_TEXTS[kind],
    pausedBy: null,
    matcher: null,
    ...(await readingOf(ledger, target)),
    attempts: [],
    attemptCount: 0,
  };
}

async function describe(
  { ledger, config, nowMs }: ExplainDeps,
  target: Target,
  record: EnrollmentRecord,
): Promise<Explanation> {
  const cause = record.state === 'failed' || record.state === 'ineligible' ? record.cause : null;
  const facts = cause === null ? null : causeFacts(cause);
  const pauses = new Set<string>((await ledger.control.pauses()).map((pause) => pause.scope));
  const matcher = config.matchers.find((one) => one.key === record.matcherKey);
  const next = nextAttempt(record, nowMs);
  return {
    instanceId: record.instanceId,
    ...target,
    state: record.state,
    since: isoTime(record.changedAtMs),
    cause,
    title: facts?.title ?? null,
    owner: facts?.owner ?? null,
    remedy: facts?.remedy ?? null,
    nextAttemptAt: next === null ? null : isoTime(next.atMs),
    waitsFor: await waitOf(ledger, target, record, next),
    pausedBy: pausedBy(pauses, { ...target, instanceId: record.instanceId, cause }),
    matcher: matcher?.label ?? null,
    ...(await readingOf(ledger, target)),
    attempts: record.attempts.map((attempt) => ({
      endedAt: isoTime(attempt.endedAtMs),
      commandId: attempt.commandId,
      link:
        attempt.commandId === null
          ? null
          : invocationLink(target.region, attempt.commandId, record.instanceId),
      cause: attempt.cause,
      exitCode: attempt.exitCode,
      output: attempt.output,
    })),
    attemptCount: record.attemptCount,
  };
}

/** Its own back-off, or what its target's sends wait for. Of a state in which Muster does nothing, what it means. */
async function waitOf(
  ledger: Ledger,
  target: Target,
  record: EnrollmentRecord,
  next: NextAttempt | null,
): Promise<string | null> {
  if (next !== null) return describeNextAttempt(next, record.failures);
  if (record.state === 'stopped') return 'it is stopped: it is looked at again once it runs';
  if (record.state === 'unmatched') {
    return 'no matcher of the configuration wants it any more, or its region has left the scope';
  }
  if (record.state === 'gone') {
    return 'it no longer exists, or its account has left the scope; its record is kept for a week';
  }
  if (record.state !== 'queued') return null;
  const wait = await ledger.waits.of(target);
  return wait === null
    ? 'its turn: the next send of its account and region takes it'
    : describeWait(wait.reason);
}

/** How its place was last read. An account that cannot be entered, or has left, has no targets, and says so instead. */
async function readingOf(
  { coverage }: Pick<Ledger, 'coverage'>,
  target: Target,
): Promise<Pick<Explanation, 'targetLastRead' | 'targetStatus' | 'targetLastComplete'>> {
  const own = await coverage.read(target);
  const reading = own ?? (await coverage.readDenied(target.accountId));
  const known = reading === null ? await coverage.account(target.accountId) : null;
  const status =
    reading === null
      ? known === null
        ? 'account not in scope any more'
        : 'not in scope'
      : own === null
        ? `account ${reading.status}`
        : reading.status;
  return {
    targetStatus: status,
    targetLastRead: reading === null || reading.attemptedAtMs === 0 ? null : isoTime(reading.attemptedAtMs),
    targetLastComplete:
      reading?.completeAtMs === null || reading === null ? null : isoTime(reading.completeAtMs),
  };
}

function formatExplanation(explanation: Explanation): string {
  const lines = [
    `${explanation.instanceId} in ${explanation.accountId} ${explanation.region}: ${explanation.state}${explanation.since === null ? '' : ` since ${explanation.since}`}`,
  ];
  if (explanation.cause !== null) {
    lines.push(
      `  why      ${explanation.cause}: ${explanation.title}`,
      `  who      ${explanation.owner}`,
      `  remedy   ${explanation.remedy}`,
    );
  }
  if (explanation.nextAttemptAt !== null) lines.push(`  next     ${explanation.nextAttemptAt}`);
  if (explanation.waitsFor !== null) lines.push(`  waits    ${explanation.waitsFor}`);
  if (explanation.pausedBy !== null) lines.push(`  paused   ${explanation.pausedBy}`);
  lines.push(`  matcher  ${explanation.matcher ?? 'none of this configuration'}`);
  lines.push(
    `  target   ${explanation.targetStatus ?? 'unknown'}, last tried ${explanation.targetLastRead ?? 'not known'}, last read whole ${explanation.targetLastComplete ?? 'not known'}`,
  );
  lines.push(`  attempts ${explanation.attemptCount}`);
  for (const attempt of explanation.attempts) {
    const exit = attempt.exitCode === null ? '' : `, exit code ${attempt.exitCode}`;
    lines.push(`    ${attempt.endedAt}  ${attempt.cause ?? 'succeeded'}${exit}`);
    if (attempt.link !== null) lines.push(`      ${attempt.link}`);
    if (attempt.output !== '') {
      lines.push(
        ...attempt.output
          .trimEnd()
          .split('\n')
          .map((line) => `      | ${line}`),
      );
    }
  }
  return lines.map(terminalLine).join('\n');
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
