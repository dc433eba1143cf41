/** Whether what an operator's act is about is there at all. */
import { nearest } from '../config/source/suggest.ts';
import { CAUSES, isCause } from '../enrollment/cause.ts';
import { type InstanceId, Region } from '../organization/ids.ts';
import type { Ledger } from './ledger.ts';
import { printScope, type Scope } from './scope.ts';

type ScopeLedger = Pick<Ledger, 'coverage' | 'enrollments' | 'control'>;

/**
 * Why no operator's act is about this scope: it is not there. Names the nearest that is, for a slip must not look like a
 * pause. Null for one that is.
 *
 * @param stands whether the scope is accepted as long as a pause of it stands, for what has vanished since
 */
export async function faultOfScope(
  ledger: ScopeLedger,
  scope: Scope,
  stands = false,
): Promise<string | null> {
  if (scope.kind === 'all' || (scope.kind === 'cause' && isCause(scope.value))) return null;
  if (stands && (await isPaused(ledger, scope))) return null;
  const { kind, value } = scope;
  if (kind === 'instance') {
    if (await isKnownInstance(ledger, value)) return null;
    return `--instance ${value}: no scan has seen such an instance running and wanted by a matcher (muster explain ${value} tells more)`;
  }
  if (kind === 'cause') {
    // A cause of a newer release is there when an instance has it.
    if ((await ledger.enrollments.counts()).causes.has(value)) return null;
    const near = nearest(value, Object.keys(CAUSES));
    const hint = near === null ? 'muster findings lists those that are met' : `did you mean ${near}?`;
    return `--cause ${value}: there is no such cause: ${hint}`;
  }
  const known = kind === 'account' ? await knownAccounts(ledger) : await knownRegions(ledger);
  if (known.has(value)) return null;
  if (known.size === 0) {
    return `--${kind} ${value}: no ${kind} is known yet, the organization has not been read. To send nothing at all: muster pause --all`;
  }
  const near = nearest(value, known);
  const hint = near === null ? `muster coverage lists those that are` : `did you mean ${near}?`;
  return `--${kind} ${value}: no such ${kind} is in scope: ${hint}`;
}

async function isPaused({ control }: ScopeLedger, scope: Scope): Promise<boolean> {
  const [pauses, findings] = await Promise.all([control.pauses(), control.findings()]);
  return [...pauses, ...findings].some((one) => one.scope === printScope(scope));
}

/** In scope, or with records or commands left from when it was. */
async function knownAccounts({ coverage, enrollments }: ScopeLedger): Promise<ReadonlySet<string>> {
  const [accounts, populated] = await Promise.all([coverage.accountIds(), enrollments.keptTargets()]);
  return new Set<string>([...accounts, ...populated.map(({ accountId }) => accountId)]);
}

async function knownRegions({ coverage, enrollments }: ScopeLedger): Promise<ReadonlySet<string>> {
  const [regions, populated] = await Promise.all([coverage.regions(), enrollments.keptTargets()]);
  return new Set<string>(
    [...regions, ...populated.map(({ region }) => region)].map((one) => Region.parse(one)),
  );
}

async function isKnownInstance({ enrollments }: ScopeLedger, id: InstanceId): Promise<boolean> {
  const target = await enrollments.targetOf(id);
  return target !== null && (await enrollments.read(target, [id])).has(id);
}
