import { aCommandId, aRecord } from '@muster/testing/builders';
import type { Ledger } from '@muster/core/control/ledger';
import type { EnrollmentRecord } from '@muster/core/enrollment/record';
import { AccountId, BatchId, InstanceId, Region } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';

/** Text as others may write it into names, tags, outputs and messages: must be shown, never run, and must not deceive. */
export const HOSTILE_TEXT =
  '<img src=x onerror="document.title=\'taken\'"></script><script>document.title="taken"</script>\u001b[31m\u202egpj.exe\u200b';

/** How a page shows it: every character, and those that are not seen by their numbers. */
export const SHOWN_TEXT = HOSTILE_TEXT.replace('\u001b', String.raw`\u001b`)
  .replace('\u202e', String.raw`\u202e`)
  .replace('\u200b', String.raw`\u200b`);

/** What a spreadsheet would run. */
export const FORMULA = '=HYPERLINK("https://evil.example","click")';

export const HOSTILE_ACCOUNT = AccountId.parse('999900000001');
export const HOSTILE_HOST = InstanceId.parse('i-0f0f0f0f0f0f0f0f0');
export const FORMULA_HOST = InstanceId.parse('i-0f0f0f0f0f0f0f0f1');
/** Ids of units are AWS's: the only texts of an organization without an alphabet of our own to check them by. */
export const HOSTILE_UNIT = '<img src=x onerror=document.title=1>';

const REGION = Region.parse('eu-west-1');
export const HOSTILE_TARGET: Target = { accountId: HOSTILE_ACCOUNT, region: REGION };

/** Adds an account whose every text is what its owner may write and a page must not run. */
export async function seedHostileAccount(ledger: Ledger, nowMs: number): Promise<void> {
  const { coverage, enrollments } = ledger;
  await coverage.putAccounts([
    {
      accountId: HOSTILE_ACCOUNT,
      name: HOSTILE_TEXT,
      state: 'ACTIVE',
      ancestorIds: ['r-ab12', HOSTILE_UNIT],
    },
  ]);
  await coverage.putRegions(HOSTILE_ACCOUNT, [REGION, Region.parse('us-east-1')], nowMs);
  await coverage.put(HOSTILE_TARGET, {
    status: 'complete',
    attemptedAtMs: nowMs,
    completeAtMs: nowMs,
    cause: null,
    detail: '',
    failures: 0,
  });
  await coverage.put(
    { accountId: HOSTILE_ACCOUNT, region: Region.parse('us-east-1') },
    {
      status: 'denied',
      attemptedAtMs: nowMs,
      completeAtMs: null,
      cause: 'scp-denied-region',
      detail: HOSTILE_TEXT,
      failures: 1,
    },
  );
  const records: readonly EnrollmentRecord[] = [
    {
      ...aRecord('failed', {
        instanceId: HOSTILE_HOST,
        changedAtMs: nowMs - 4_000,
        firstSeenAtMs: nowMs - 60_000,
        failures: 1,
        attemptCount: 1,
        attempts: [
          {
            batchId: BatchId.parse('01JD8Q4T5W6X7Y8Z9A0B1C2D4A'),
            commandId: aCommandId(9),
            endedAtMs: nowMs - 4_000,
            cause: 'host-disk-full',
            exitCode: 103,
            output: `${HOSTILE_TEXT}\nNo space left on device`,
          },
        ],
        platform: HOSTILE_TEXT,
        wave: HOSTILE_TEXT,
        tags: { Name: HOSTILE_TEXT, [HOSTILE_TEXT]: HOSTILE_TEXT },
      }),
      cause: 'host-disk-full',
      nextAttemptAtMs: nowMs + 600_000,
    },
    aRecord('joined', {
      instanceId: FORMULA_HOST,
      changedAtMs: nowMs - 5_000,
      joinedAtMs: nowMs - 5_000,
      tags: { Name: FORMULA, Team: 'payments' },
    }),
  ];
  for (const value of records) {
    await enrollments.write(
      HOSTILE_TARGET,
      'each',
      [{ instanceId: value.instanceId, expected: 0, value }],
      [],
    );
  }
}
