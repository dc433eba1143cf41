import { type Finding, plainName } from '@muster/core/control/findings';
import { readTargetId, targetId, type Target } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';

type Deps = Pick<HandlerDeps, 'ledger' | 'clock' | 'config'>;

/** Something in which the ledger contradicts itself, AWS, or what this worker knows. */
export interface Doubt {
  /** Of an instance, as it stands in Redis: of another client it may be any text. */
  readonly id: string;
  /** Completes "ID (…)", such as `its tags are not what any matcher selects`. */
  readonly why: string;
}

/** Ids shown in a finding. */
const IDS_SHOWN = 10;

/** The first of them, for a finding. */
export function listDoubts(doubts: readonly Doubt[]): string {
  const shown = doubts.slice(0, IDS_SHOWN).map(({ id, why }) => `${id} (${why})`);
  const more = doubts.length > IDS_SHOWN ? ` and ${doubts.length - IDS_SHOWN} more` : '';
  return `${shown.join(', ')}${more}`;
}

/**
 * Tells that instances for which the ledger had work were left alone, and why. An owner who changes tags between
 * scan and send brings this about as well as a forger, so it is told calmly, and it goes away by itself: see
 * `clearUntrusted`.
 */
export async function raiseUntrusted(target: Target, doubts: readonly Doubt[], deps: Deps): Promise<void> {
  const id = targetId(target);
  const now = deps.clock.now();
  const listed = listDoubts(doubts.map(({ id: name, why }) => ({ id: plainName(name), why })));
  // What was found again counts from now: the next scan is the one that must find nothing.
  await deps.ledger.control.clear('ledger-untrusted', id);
  await deps.ledger.control.raise({
    kind: 'ledger-untrusted',
    scope: id,
    sinceMs: now,
    message: `The ledger had work for ${doubts.length} instances of ${id} that are not to be sent to, and nothing was sent to them: ${listed}. Either their tags, or the configuration, changed after the last scan, or another client than Muster writes to Redis.`,
    remedy:
      'If their owner changed the tags, or you the configuration, there is nothing to do: this note goes away after the next complete scan. If not, find out who can write to Redis, give it another password, and read what was sent lately (muster instances, the command history in SSM).',
  });
}

/**
 * Takes findings away that people had the time of a sweep to see, and after which nothing was found: those of a target when
 * a complete scan of it has begun since, or it is known no more; the others when the accounts were listed again, which
 * is when this is called.
 */
export async function clearUntrusted(deps: Deps): Promise<void> {
  const { control } = deps.ledger;
  for (const finding of await control.findings()) {
    if (finding.kind === 'ledger-untrusted' && (await isOver(finding, deps))) {
      await control.clear(finding.kind, finding.scope);
    }
  }
}

async function isOver({ scope, sinceMs }: Finding, deps: Deps): Promise<boolean> {
  if (deps.clock.now() < sinceMs + deps.config.pollIntervalMs) return false;
  const target = readTargetId(scope);
  if (target === null) return true;
  const coverage = await deps.ledger.coverage.read(target);
  return coverage === null || (coverage.completeAtMs ?? 0) > sinceMs;
}
