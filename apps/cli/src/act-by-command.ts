import { hostname, userInfo } from 'node:os';
import type { ActionKind } from '@muster/core/control/actions/action';
import { ActionId } from '@muster/core/control/actions/action';
import type { Requested } from '@muster/core/control/actions/plan';
import { planAction } from '@muster/core/control/actions/plan-action';
import { type RunDeps, runAction } from '@muster/core/control/actions/run-action';
import { startAction } from '@muster/core/control/actions/start-action';
import type { Actor } from '@muster/core/control/audit/audit-entry';
import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/control/ledger';
import type { Clock } from '@muster/core/runtime/clock-port';
import { ulid } from 'ulid';
import { CommandError, type Environment, EXIT } from './command-context.ts';

/** How long a worker leaves an action to the command that began it: after that the command was killed. Real time. */
const GO_ON_MS = 30_000;
const TURN_MS = 60_000;

/** Who types, as the shell says, and on which machine: a claim, as good as the access to Redis that comes with it. */
export function commandActor(env: Environment): Actor {
  const name = env['SUDO_USER'] ?? env['USER'] ?? userName();
  return { by: { name, kind: 'cli', role: null }, from: `cli@${hostname()}` };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user that no file names.
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}

/** Plans an action, begins it and does it, all by this process: it needs no worker. Workers go on with it when it is killed. */
export async function actByCommand(
  deps: {
    readonly config: MusterConfig;
    readonly ledger: Ledger;
    readonly clock: Clock;
    readonly actor: Actor;
    readonly enqueueCancels?: RunDeps['enqueueCancels'];
  },
  kind: ActionKind,
  asked: Requested,
  reason = '',
): Promise<{ readonly hosts: number; readonly accounts: number; readonly message: string }> {
  const { ledger, config, clock } = deps;
  const newId = (): ActionId => ActionId.parse(ulid(clock.now()));
  const planned = await planAction({ ledger, config, clock, newId }, kind, asked);
  if ('fault' in planned) throw new CommandError(EXIT.usage, planned.fault);
  const { id } = planned.plan;
  const request = { key: id, digest: id, reason, goOnInMs: GO_ON_MS };
  const started = await startAction({ ledger, config }, id, deps.actor, request);
  if (started.kind === 'conflict') throw new CommandError(EXIT.failed, started.reason);
  if (started.kind === 'missing') throw new CommandError(EXIT.failed, 'Redis lost the plan before it began');
  const accounts = new Set<string>();
  const runDeps = {
    ledger,
    config,
    clock,
    random: Math.random,
    enqueueCancels: deps.enqueueCancels ?? refuse,
  };
  for (;;) {
    const turn = await runAction(runDeps, id, TURN_MS);
    for (const account of turn.accounts) accounts.add(account);
    if (turn.isOver) break;
  }
  const action = await ledger.actions.read(id);
  if (action?.state === 'failed') throw new CommandError(EXIT.failed, action.message);
  return {
    hosts: action?.progress.done ?? 0,
    accounts: accounts.size,
    message: action?.message ?? '',
  };
}

function refuse(): Promise<never> {
  return Promise.reject(new Error('this act has no queue for cancellations'));
}
