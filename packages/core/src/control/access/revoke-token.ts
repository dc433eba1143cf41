import type { Actor } from '../audit/audit-entry.ts';
import type { Ledger } from '../ledger.ts';
import type { ApiToken } from './token-store.ts';

/** Ends API tokens at once, and tells the audit of each. @returns those of this id or name; empty where there was none */
export async function revokeToken(
  { access, audit }: Pick<Ledger, 'access' | 'audit'>,
  idOrName: string,
  actor: Actor,
): Promise<readonly ApiToken[]> {
  const revoked = await access.tokens.revoke(idOrName);
  for (const { id, name } of revoked) {
    const nothingShown = { scope: '', dryRun: null, basis: null, reason: '' };
    await audit.append({
      ...actor,
      act: 'token',
      ...nothingShown,
      result: 'done',
      detail: `revoked ${id} ${name}`,
    });
  }
  return revoked;
}
