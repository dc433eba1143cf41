/** What Muster does by itself and the audit tells: brake, ramps, changes of the configuration, clean-up. */
// oxlint-disable-next-line no-restricted-imports -- a function of its arguments
import { hash } from 'node:crypto';
import { type ConfigReload, resultOfReload } from '../../config/reload.ts';
import { processName } from '../../runtime/start-steps.ts';
import { type AuditAct, type AuditResult, musterActor } from './audit-entry.ts';
import type { AuditLedger } from './audit-store.ts';

type Audit = Pick<AuditLedger, 'append'>;

/**
 * Tells of an act of Muster's own. Where the audit takes no entry, such as one that another client wrote over, the act goes on: a
 * brake must work all the same, and the export's finding tells of the audit.
 *
 * @param once see `AuditLedger.append`
 */
export async function noteOwnAct(
  audit: Audit,
  act: Extract<AuditAct, 'brake' | 'ramp' | 'config' | 'change' | 'clean-up'>,
  about: {
    readonly scope: string;
    readonly result: AuditResult;
    readonly detail: string;
    readonly basis?: string;
    readonly dryRun?: { readonly accounts: number; readonly hosts: number };
  },
  once?: string,
): Promise<void> {
  const { scope, result, detail, basis = null, dryRun = null } = about;
  const note = { ...musterActor(act, processName()), act, scope, dryRun, basis, result, detail, reason: '' };
  await audit.append(note, once).catch(() => false);
}

/** Processes that read a changed file within this time tell of it once. */
const SAME_CHANGE_MS = 600_000;

/** Tells what became of a changed configuration: once, however many processes have read it. A new password of Redis is no act. */
export async function noteReload(audit: Audit, reload: ConfigReload, nowMs: number): Promise<void> {
  if (reload.kind === 'redis-password') return;
  const result = resultOfReload(reload);
  const detail = describeReload(reload);
  // Secrets print as a constant, so nothing of them is in the digest.
  const digest = hash('sha256', JSON.stringify(reload)).slice(0, 16);
  const about = { scope: 'all', result: result === 'refused' ? 'refused' : 'done', detail } as const;
  await noteOwnAct(audit, 'config', about, `config:${digest}:${Math.floor(nowMs / SAME_CHANGE_MS)}`);
}

function describeReload(reload: Exclude<ConfigReload, { kind: 'redis-password' }>): string {
  if (reload.kind === 'invalid') return `A changed configuration is not valid: ${reload.faults}`;
  const left = reload.restart.length === 0 ? '' : ` Left for a restart: ${reload.restart.join(', ')}.`;
  if (reload.config === null && left === '') return 'The configuration is back at what runs.';
  return `${reload.config === null ? 'Nothing of a changed configuration was taken up.' : 'A changed configuration was taken up.'}${left}`;
}
