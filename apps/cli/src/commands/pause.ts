import type { FindingKind, Scope } from '@muster/core/control/control';
import { targetId } from '@muster/core/organization/target';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { requireKnownScope } from '../known-scope.ts';
import { withLedger } from '../open-ledger.ts';
import { readConfig } from '../read-config.ts';
import { parseScope, withScope, type ScopeOptions } from '../scope-options.ts';
import type { Ledger } from '@muster/core/control/ledger';

/** `muster pause` and `muster resume`: what is paused finishes what it began, and begins nothing. */
export function addPauseCommands(program: Command, context: CommandContext): void {
  withScope(program.command('pause').description('stop sending: no send starts after this'))
    .option('--reason <text>', 'why, shown with the pause', 'by an operator')
    .action(async (options: ScopeOptions & { reason?: string }) => {
      const scope = parseScope(options);
      await withLedger(readConfig(context.env, context.configOption()), async (ledger, clock) => {
        await requireKnownScope(ledger, scope);
        const reason = options.reason ?? '';
        await ledger.control.pause({ scope, atMs: clock.now(), by: 'operator', reason });
      });
      process.stdout.write(`paused ${scope}\n`);
    });
  withScope(
    program.command('resume').description('send again; --all also ends the hold of a first run'),
  ).action(async (options: ScopeOptions) => {
    const scope = parseScope(options);
    const config = readConfig(context.env, context.configOption());
    const resumed = await withLedger(config, async (ledger, clock) => {
      await requireKnownScope(ledger, scope, true);
      return resume(ledger, clock, scope);
    });
    const configured = config.paused ? ' (muster.paused still holds every send)' : '';
    process.stdout.write(`${resumed ? 'resumed' : 'nothing was paused for'} ${scope}${configured}\n`);
  });
}

/** Ends a pause, a brake, the hold and a suspected loss of inventory, and wakes what waited for it. */
async function resume(ledger: Ledger, clock: Clock, scope: Scope): Promise<boolean> {
  let resumed = await ledger.control.resume(scope);
  await ledger.control.resetBrake(scope, clock.now());
  await ledger.control.clear('brake-engaged', scope);
  await clearNotes(ledger, scope);
  if (scope === 'all') {
    await ledger.control.releaseHold();
    await ledger.control.clear('hold-first-send', 'all');
    const facts = await ledger.nodes.facts();
    // The smaller inventory is the true one, says the operator: the next reading is not compared with the last.
    if (facts.error?.startsWith('drop') === true) {
      await ledger.nodes.publish({ ...facts, nodes: 0, error: null });
    }
    resumed = true;
  }
  const targets = await ledger.enrollments.populated();
  const atMs = clock.now();
  await ledger.due.schedule(
    'install',
    targets.map((target) => ({ member: targetId(target), atMs })),
  );
  return resumed;
}

/** Notes on what happened once: an operator who resumes their scope, or all, has seen them. */
const NOTES: ReadonlySet<FindingKind> = new Set([
  'ledger-epoch-changed',
  'two-live-commands',
  'command-not-canceled',
  'ledger-unreadable',
  'foreign-markers',
  'ledger-untrusted',
]);

async function clearNotes(ledger: Ledger, scope: Scope): Promise<void> {
  for (const finding of await ledger.control.findings()) {
    const meant = scope === 'all' || finding.scope === scope;
    if (meant && NOTES.has(finding.kind)) await ledger.control.clear(finding.kind, finding.scope);
  }
}
