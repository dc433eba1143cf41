import { createHash } from 'node:crypto';
import type { RecordChange } from '@muster/core/enrollment/enrollment-store';
import type { EnrollmentRecord } from '@muster/core/enrollment/record';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { AccountId, InstanceId, MatcherKey, Region } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import type { MusterRun } from '../muster-run.ts';

/** How large the organization is. */
export interface LedgerSize {
  readonly accounts: number;
  readonly regions: number;
  readonly instances: number;
}

const UNITS = 20;
const WORDS = ['web', 'db', 'cache', 'worker', 'api', 'batch', 'etl', 'bastion', 'proxy', 'queue'] as const;
const CAUSES = ['ec2-ssm-script-failure', 'ec2-join-failure', 'ec2-ssm-agent-not-registered'] as const;
/** Targets written at once. */
const LANES = 16;

/** Fills a ledger as scans and installs would have left it: nine tenths have joined, the rest is in every other state. */
export async function fillLedger(
  { ledger }: Pick<MusterRun, 'ledger'>,
  size: LedgerSize,
): Promise<readonly Target[]> {
  const regions = Array.from({ length: size.regions }, (_, n) => Region.parse(`eu-west-${n + 1}`));
  const ids = Array.from({ length: size.accounts }, (_, n) => AccountId.parse(String(100_000_000_000 + n)));
  const nowMs = Date.now();
  await ledger.coverage.startSweep('BENCH');
  await ledger.due.schedule('accounts', [ORGANIZATION_MEMBER], 86_400_000);
  await ledger.coverage.putAccounts(
    ids.map((accountId, n) => ({
      accountId,
      name: `${wordOf(n)}-prod-${n}`,
      state: 'ACTIVE',
      ancestorIds: ['r-root', `ou-root-${n % UNITS}`],
    })),
  );
  for (const accountId of ids) await ledger.coverage.putRegions(accountId, regions, nowMs);
  const targets = ids.flatMap((accountId) => regions.map((region): Target => ({ accountId, region })));
  const left = targets.map((target, nth) => ({ target, nth }));
  const lane = async (): Promise<void> => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) {
      const complete = { status: 'complete', attemptedAtMs: nowMs, completeAtMs: nowMs } as const;
      await ledger.coverage.put(one.target, { ...complete, cause: null, detail: '', failures: 0 });
      await ledger.enrollments.write(one.target, 'each', recordsOf(one.nth, targets.length, size, nowMs), []);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return targets;
}

/** Every `targets`-th instance, from the `nth`: so each target has as many as the others, give or take one. */
function recordsOf(
  nth: number,
  targets: number,
  { instances }: LedgerSize,
  nowMs: number,
): readonly RecordChange[] {
  const changes: RecordChange[] = [];
  for (let n = nth; n < instances; n += targets) {
    const value = recordOf(n, nowMs);
    changes.push({ instanceId: value.instanceId, expected: 0, value });
  }
  return changes;
}

function recordOf(n: number, nowMs: number): EnrollmentRecord {
  // Digits that look random, and are the same in every run.
  const digest = createHash('sha1').update(String(n)).digest();
  const changedAtMs = nowMs - (digest.readUInt32BE(0) % 1_000_000_000);
  const base = {
    instanceId: InstanceId.parse(`i-${digest.toString('hex').slice(0, 17)}`),
    matcherKey: MatcherKey.parse((n % 3).toString(16).padStart(16, '0')),
    firstSeenAtMs: changedAtMs - 1_000,
    changedAtMs,
    launchedAtMs: changedAtMs - 5_000,
    joinedAtMs: null,
    failures: 0,
    attemptCount: 1,
    attempts: [],
    wave: n % 10 === 0 ? 'first' : 'rest',
    platform: n % 2 === 0 ? 'Ubuntu' : 'Amazon Linux',
    tags: { Name: `${wordOf(digest[4] ?? 0)}-${wordOf(digest[5] ?? 0)}-${n % 10_000}`, team: wordOf(n) },
  };
  const cause = CAUSES[n % CAUSES.length] ?? CAUSES[0];
  const share = digest.readUInt16BE(6) / 65_536;
  if (share < 0.9) return { ...base, state: 'joined', joinedAtMs: changedAtMs, nodeId: `node-${n}` };
  if (share < 0.94) return { ...base, state: 'stopped' };
  if (share < 0.96) return { ...base, state: 'ineligible', cause };
  if (share < 0.98) return { ...base, state: 'failed', cause, nextAttemptAtMs: nowMs + 86_400_000 };
  if (share < 0.99) return { ...base, state: 'unmatched' };
  return { ...base, state: 'gone' };
}

function wordOf(n: number): string {
  return WORDS[n % WORDS.length] ?? WORDS[0];
}
