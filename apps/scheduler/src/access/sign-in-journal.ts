import type { AuditLedger } from '@muster/core/control/audit/audit-store';
import type { Actor, AuditResult } from '@muster/core/control/audit/audit-entry';
import type { Role } from '@muster/core/control/access/role';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { Principal } from './principal.ts';

/** Who tried to sign in, or was. */
export interface SignInTry {
  /** As it was given: untrusted text. The audit cuts it. */
  readonly name: string;
  readonly kind: Principal['kind'] | 'anonymous';
  /** Null where it did not come to one. */
  readonly role: Role | null;
  readonly ip: string;
}

/** Tells of sign-ins, in the log and in the audit. */
export interface SignInJournal {
  signedIn(who: SignInTry, detail: string): Promise<void>;
  /** A wrong password, a name that may not come in. The first of a minute are told each, the rest as `stopped` is. */
  refused(who: SignInTry, detail: string): Promise<void>;
  /** Too many tries: the first, the tenth, the hundredth … of a minute is told, so that an attack fills neither log nor audit. */
  stopped(who: SignInTry, waitSeconds: number): Promise<void>;
  /** A link, an API token or a proxy's secret that is none. Told as `stopped` is: nothing guesses these, but a forgotten program may go on trying. */
  unknownSecret(ip: string, detail: string): Promise<void>;
  signedOut(who: SignInTry): Promise<void>;
}

const WINDOW_MS = 60_000;
/** People who mistype are told each; more in a minute are no people. */
const TOLD_EACH = 5;

export function createSignInJournal(deps: {
  readonly audit: Pick<AuditLedger, 'append'>;
  readonly clock: { monotonicMs(): number };
  readonly log: Logger;
}): SignInJournal {
  const { clock, log } = deps;
  const stoppedTries = countInWindow(clock);
  const unknownSecrets = countInWindow(clock);
  const refusals = countInWindow(clock);
  const note = async (who: SignInTry, result: AuditResult, detail: string): Promise<void> => {
    const actor: Actor = { by: { name: who.name, kind: who.kind, role: who.role }, from: who.ip };
    const entry = {
      ...actor,
      act: 'sign-in',
      scope: '',
      dryRun: null,
      basis: null,
      result,
      detail,
      reason: '',
    } as const;
    // A sign-in does not fail because the audit is busy; the log has it in any case.
    await deps.audit.append(entry).catch((error: unknown) => {
      log.warn({ err: error }, 'a sign-in could not be noted in the audit');
    });
  };
  const fields = ({ name, kind, role, ip }: SignInTry) => ({
    user: name.slice(0, 100),
    kind,
    role,
    address: ip,
  });
  return {
    signedIn: async (who, detail) => {
      log.info(fields(who), 'signed in to the console');
      await note(who, 'done', detail);
    },
    refused: async (who, detail) => {
      const tries = refusals();
      if (tries > TOLD_EACH && !isTold(tries)) return;
      log.warn({ ...fields(who), tries, detail }, 'sign-in to the console refused');
      await note(who, 'refused', tries > TOLD_EACH ? `${detail} (${tries} within a minute)` : detail);
    },
    stopped: async (who, waitSeconds) => {
      const tries = stoppedTries();
      if (!isTold(tries)) return;
      log.warn({ ...fields(who), tries, waitSeconds }, 'tries to sign in to the console are stopped');
      await note(who, 'refused', `tries are stopped: ${tries} within a minute`);
    },
    unknownSecret: async (ip, detail) => {
      const tries = unknownSecrets();
      if (!isTold(tries)) return;
      log.warn({ address: ip, tries, detail }, 'sign-in to the console refused');
      await note(
        { name: '', kind: 'anonymous', role: null, ip },
        'refused',
        `${detail} (${tries} within a minute)`,
      );
    },
    signedOut: async (who) => {
      log.info(fields(who), 'signed out of the console');
      await note(who, 'done', 'signed out');
    },
  };
}

/** Counts within a minute, which begins anew when it is over. */
function countInWindow(clock: { monotonicMs(): number }): () => number {
  let [startedAtMs, count] = [clock.monotonicMs(), 0];
  return () => {
    if (clock.monotonicMs() - startedAtMs >= WINDOW_MS) [startedAtMs, count] = [clock.monotonicMs(), 0];
    count += 1;
    return count;
  };
}

function isTold(count: number): boolean {
  return Math.log10(count) % 1 === 0;
}
