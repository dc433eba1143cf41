import { nearest } from '@muster/core/config/suggest';
import { CAUSES } from '@muster/core/enrollment/cause';
import type { Scope } from '@muster/core/control/control';
import { InstanceId, Region } from '@muster/core/organization/ids';
import { CommandError, EXIT } from './exit-codes.ts';
import type { Ledger } from '@muster/core/control/ledger';

type ScopeLedger = Pick<Ledger, 'coverage' | 'enrollments' | 'control'>;

/** Targets asked at once. */
const CHUNK = 500;

/**
 * Refuses a scope that is not there, with the nearest that is: a slip must not look like a pause. Exit code 64.
 *
 * @param stands whether the scope is accepted as long as a pause of it stands, for what has vanished since
 */
export async function requireKnownScope(ledger: ScopeLedger, scope: Scope, stands = false): Promise<void> {
  if (scope === 'all' || scope.startsWith('cause:')) return;
  if (stands && (await isPaused(ledger, scope))) return;
  const colon = scope.indexOf(':');
  const [kind, value] = [scope.slice(0, colon), scope.slice(colon + 1)];
  if (kind === 'instance') {
    if (await isKnownInstance(ledger, InstanceId.parse(value))) return;
    throw new CommandError(
      EXIT.usage,
      `--instance ${value}: no scan has seen such an instance running and wanted by a matcher (muster explain ${value} tells more)`,
    );
  }
  const known = kind === 'account' ? await knownAccounts(ledger) : await knownRegions(ledger);
  if (known.has(value)) return;
  if (known.size === 0) {
    throw new CommandError(
      EXIT.usage,
      `--${kind} ${value}: no ${kind} is known yet, the organization has not been read. To send nothing at all: muster pause --all`,
    );
  }
  const near = nearest(value, known);
  const hint = near === null ? `muster coverage lists those that are` : `did you mean ${near}?`;
  throw new CommandError(EXIT.usage, `--${kind} ${value}: no such ${kind} is in scope: ${hint}`);
}

/** The refusal of a cause that is none. */
export function unknownCause(word: string): CommandError {
  const near = nearest(word, Object.keys(CAUSES));
  const hint = near === null ? 'muster findings lists those that are met' : `did you mean ${near}?`;
  return new CommandError(EXIT.usage, `--cause ${word}: there is no such cause: ${hint}`);
}

async function isPaused({ control }: ScopeLedger, scope: Scope): Promise<boolean> {
  const [pauses, findings] = await Promise.all([control.pauses(), control.findings()]);
  return [...pauses, ...findings].some((one) => one.scope === scope);
}

/** In scope, or with records or commands left from when it was. */
async function knownAccounts({ coverage, enrollments }: ScopeLedger): Promise<ReadonlySet<string>> {
  const [accounts, populated] = await Promise.all([coverage.accountIds(), enrollments.populated()]);
  return new Set<string>([...accounts, ...populated.map(({ accountId }) => accountId)]);
}

async function knownRegions({ coverage, enrollments }: ScopeLedger): Promise<ReadonlySet<string>> {
  const [regions, populated] = await Promise.all([coverage.regions(), enrollments.populated()]);
  return new Set<string>(
    [...regions, ...populated.map(({ region }) => region)].map((one) => Region.parse(one)),
  );
}

async function isKnownInstance({ enrollments }: ScopeLedger, id: InstanceId): Promise<boolean> {
  const populated = await enrollments.populated();
  for (let from = 0; from < populated.length; from += CHUNK) {
    const chunk = populated.slice(from, from + CHUNK);
    const found = await Promise.all(chunk.map((target) => enrollments.read(target, [id])));
    if (found.some((records) => records.has(id))) return true;
  }
  return false;
}
