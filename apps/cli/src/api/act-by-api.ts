/** An act of an operator through the API: planned, shown, and then begun as it was planned. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ActionPlan, ActionRow, type ActionKind, type Selection } from '@muster/api/actions';
import { describeTouched } from '@muster/core/control/touched-hosts';
import { messageOf } from '@muster/core/runtime/errors';
import { plural } from '@muster/core/runtime/wording';
import { type ActOptions, mayAct, printDone, type ToldAct } from '../ask-before-act.ts';
import { CommandError, EXIT } from '../command-context.ts';
import type { ApiClient } from './api-client.ts';

const LOOK_MS = 500;
/** A scheduler that restarts, or Redis that fails over: the action goes on meanwhile, and so does the command that waits for its end. */
const AWAY_MS = 60_000;
/** How long a command says nothing while the action goes on. */
const QUIET_MS = 10_000;

/** What is asked for, as the API takes it. */
export interface AskedAct {
  readonly kind: ActionKind;
  readonly selection: Selection;
  /** As the operator gave it. @default '' */
  readonly reason?: string;
}

/**
 * Plans the act, tells whom it touches, asks where that is much, begins exactly what was planned, and waits until it has ended.
 * What goes on at the schedulers goes on without this command. Exit code 1 when it fails or is canceled.
 */
export async function actByApi(client: ApiClient, asked: AskedAct, options: ActOptions): Promise<void> {
  const body = { kind: asked.kind, selection: asked.selection, reason: asked.reason ?? '' };
  const plan = await client.post('/actions', ActionPlan, { ...body, dry_run: true });
  const told = toldOf(asked, plan);
  if (!(await mayAct(told, options))) return;
  const begun = await client.post(
    '/actions',
    ActionRow,
    { ...body, plan: plan.plan },
    { 'Idempotency-Key': randomUUID() },
  );
  const ended = await awaitEnd(client, begun);
  const { id: action, state, progress, message } = ended;
  if (state !== 'done') {
    throw new CommandError(
      EXIT.failed,
      `${asked.kind} ${state === 'failed' ? 'failed' : 'was canceled'}: ${message}`,
    );
  }
  printDone(told, options, message, { action, ...progress });
}

function toldOf({ kind, selection }: AskedAct, plan: ActionPlan): ToldAct {
  const { hosts, accounts, some, effect, skipped, ramp } = plan;
  return {
    hosts,
    lines: [
      describeTouched({ hosts, accounts, some }),
      effect,
      ...skipped.map((one) => `Left alone: ${plural(one.hosts, 'host')}, ${one.reason}.`),
      ...(ramp === null ? [] : [ramp]),
    ],
    fields: { act: kind, ...selection, hosts, accounts, someAccounts: some },
  };
}

async function awaitEnd(client: ApiClient, begun: ActionRow): Promise<ActionRow> {
  const startedAtMs = performance.now();
  let seenAtMs = startedAtMs;
  let action = begun;
  let isTold = false;
  while (action.state === 'running') {
    if (!isTold && performance.now() - startedAtMs > QUIET_MS) {
      isTold = true;
      const { done, total } = action.progress;
      process.stderr.write(`${done} of ${total} so far; it goes on also when this command is ended\n`);
    }
    await sleep(LOOK_MS);
    const { id } = action;
    const now = await client.get(`/actions/${encodeURIComponent(id)}`, ActionRow).catch((error: unknown) => {
      if (performance.now() - seenAtMs < AWAY_MS) return 'away' as const;
      const later = `The action ${id} goes on all the same; muster audit tells how it ends`;
      throw new CommandError(EXIT.failed, `${messageOf(error)}. ${later}`);
    });
    if (now === null) throw new CommandError(EXIT.failed, `the action ${id} is not there any more`);
    if (now === 'away') continue;
    action = now;
    seenAtMs = performance.now();
  }
  return action;
}
