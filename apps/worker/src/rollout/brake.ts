import { type BrakeWindow, describeWindow, failedBeforeAtMs, isWindowOver } from '@muster/core/rollout/brake';
import { noteOwnAct } from '@muster/core/control/audit/own-acts';
import { describeScope, scopeFlag } from '@muster/core/control/scope';
import type { AttemptResult, StoredRecord } from '@muster/core/enrollment/record';
import type { AccountId, InstanceId } from '@muster/core/organization/ids';
import type { HandlerDeps } from '../deps.ts';
import type { EndedHost } from '@muster/core/rollout/brake-store';

type BrakeDeps = Pick<HandlerDeps, 'config' | 'ledger' | 'clock'>;

/** Counts hosts that SSM has accepted a command for. */
export async function countSentHosts(
  deps: BrakeDeps,
  accountId: AccountId,
  records: readonly StoredRecord[],
): Promise<void> {
  const { brake } = deps.config;
  if (!brake.enabled) return;
  const hosts = records.map((record) => ({
    instanceId: record.instanceId,
    failedBeforeAtMs: failedBeforeAtMs(record),
  }));
  await deps.ledger.brake.countSent(accountId, hosts, brake, deps.clock.now());
}

/**
 * Counts how hosts ended, and stops the account, or everything, when a window of hosts says so. Told before the records are
 * written: a process that is killed in between tells it again, and that changes nothing.
 */
export async function applyBrake(
  deps: BrakeDeps,
  accountId: AccountId,
  ends: readonly EndedHost[],
): Promise<void> {
  const { brake } = deps.config;
  if (!brake.enabled || ends.length === 0) return;
  const windows = await deps.ledger.brake.countEnded(accountId, ends, brake, deps.clock.now());
  // How many accounts there are is asked only when it matters.
  const bad = windows.filter((window) => isWindowOver(window, brake, 0));
  if (bad.length === 0) return;
  const targets = await deps.ledger.enrollments.keptTargets();
  const accounts = new Set(targets.map((target) => target.accountId)).size;
  const over = bad.filter((window) => isWindowOver(window, brake, accounts));
  // A brake on everything says what those of its accounts would.
  const window = over.find(({ scope }) => scope === 'all') ?? over[0];
  if (window !== undefined) await engage(deps, window);
}

/** A command's ends, as far as they say whether its hosts have failed; of the others it is seen in the inventory. */
export function endsOf(
  results: ReadonlyMap<InstanceId, AttemptResult>,
  hasInventory: boolean,
): readonly EndedHost[] {
  return [...results].flatMap(([instanceId, result]) => {
    if (result.kind === 'success') return hasInventory ? [] : [{ instanceId, failed: false }];
    return [{ instanceId, failed: !NO_FAILURES.has(result.cause) }];
  });
}

/** How long before a window of everything began an account may have been stopped for the same reason. */
const SAME_CAUSE_MS = 3_600_000;

/** Ends that say nothing of the installer: an operator's will, and a host that another cluster owns. */
const NO_FAILURES: ReadonlySet<string> = new Set(['ec2-ssm-canceled', 'host-managed-elsewhere']);

async function engage(deps: BrakeDeps, window: BrakeWindow): Promise<void> {
  const { control } = deps.ledger;
  const { scope } = window;
  const pauses = await control.pauses();
  const braked = new Set<string>(pauses.filter(({ by }) => by === 'brake').map((pause) => pause.scope));
  if (braked.has('all') || braked.has(scope)) return;
  const atMs = deps.clock.now();
  const reason = describeWindow(window, deps.config.brake);
  await deps.ledger.brake.noteEngaged(window, atMs);
  await control.raise({
    kind: 'brake-engaged',
    scope,
    sinceMs: atMs,
    message: `Sending to ${describeScope(scope)} was stopped: ${reason}.`,
    remedy: remedyOf(scope),
  });
  // Before the pause: a worker that is killed in between, or another one, engages the brake again and tells it no second time.
  const told = { scope, result: 'done', detail: reason } as const;
  await noteOwnAct(deps.ledger.audit, 'brake', told, `brake:${scope}:${window.beganAtMs}`);
  // An operator's own pause of the scope stays theirs; a resume ends both.
  if (!pauses.some((pause) => pause.scope === scope)) {
    await control.pause({ scope, atMs, by: 'brake', reason });
  }
  await joinBrakes(deps, window);
}

/**
 * One cause, one brake: that of everything takes the place of those that accounts engaged shortly before it, or meanwhile in
 * another worker. An account that was stopped long ago has a cause of its own, and stays.
 */
async function joinBrakes({ ledger: { control } }: BrakeDeps, { beganAtMs }: BrakeWindow): Promise<void> {
  // Read after the own pause was written: of two that engage at the same time, one sees the other.
  const pauses = (await control.pauses()).filter(({ by }) => by === 'brake');
  if (!pauses.some(({ scope }) => scope === 'all')) return;
  for (const { scope, atMs } of pauses) {
    if (scope === 'all' || atMs < beganAtMs - SAME_CAUSE_MS) continue;
    await control.resume(scope);
    await control.clear('brake-engaged', scope);
  }
}

function remedyOf(scope: BrakeWindow['scope']): string {
  const flag = scopeFlag(scope);
  const among = scope === 'all' ? '' : ` ${flag}`;
  return `See why (muster instances --state failed${among}), fix it, then run: muster resume ${flag}. What has failed is tried again when its back-off is over, or at once by: muster retry ${flag}`;
}
