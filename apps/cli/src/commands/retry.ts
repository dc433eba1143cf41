import { InstanceId } from '@muster/core/organization/ids';
import { targetId } from '@muster/core/organization/target';
import { catalog, type Catalog } from '@muster/core/jobs/catalog';
import type { PayloadOf } from '@muster/core/jobs/define-job';
import { applyEvents } from '@muster/core/enrollment/apply-events';
import type { MusterConfig } from '@muster/core/config/model';
import type { Scope } from '@muster/core/control/control';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { requireKnownScope } from '../known-scope.ts';
import { withLedger } from '../open-ledger.ts';
import { withJobQueue } from '../open-queue.ts';
import { readConfig } from '../read-config.ts';
import { parseScope, withScope, type ScopeOptions } from '../scope-options.ts';
import { isRecordInScope, targetsInScope } from '../select-records.ts';
import type { Ledger } from '@muster/core/control/ledger';

/** `muster retry` and `muster cancel`: what failed is tried now; what runs is asked to stop. */
export function addRetryCommands(program: Command, context: CommandContext): void {
  withScope(
    program.command('retry').description('try again now what has failed or could not be sent to'),
  ).action(async (options: ScopeOptions) => {
    const scope = parseScope(options);
    const config = readConfig(context.env, context.configOption());
    const count = await withLedger(config, async (ledger, clock) => {
      await requireKnownScope(ledger, scope);
      return retry({ ledger, clock, config }, scope);
    });
    process.stdout.write(`${count} instances will be tried again\n`);
  });
  withScope(program.command('cancel').description('ask SSM to cancel live commands')).action(
    async (options: ScopeOptions) => {
      const scope = parseScope(options);
      const config = readConfig(context.env, context.configOption());
      const payloads = await withLedger(config, async (ledger) => {
        await requireKnownScope(ledger, scope);
        return liveCommands(ledger, scope);
      });
      await withJobQueue(config, (queue) => queue.enqueueMany(catalog['cancel-command'], payloads));
      process.stdout.write(`${payloads.length} cancellations were asked for\n`);
    },
  );
}

async function retry(
  {
    ledger,
    clock,
    config,
  }: { readonly ledger: Ledger; readonly clock: Clock; readonly config: MusterConfig },
  scope: Scope,
): Promise<number> {
  const deps = { ledger, config, clock, random: Math.random };
  let count = 0;
  for (const target of targetsInScope(await ledger.enrollments.populated(), scope)) {
    const records = await ledger.enrollments.readAll(target);
    const chosen = new Map([...records].filter(([, { value }]) => isRecordInScope(value, scope)));
    if (chosen.size === 0) continue;
    const entry = { member: targetId(target), atMs: clock.now() };
    const written = await applyEvents(deps, target, chosen, () => [{ kind: 'retry-requested' }]);
    if (written.length === 0) continue;
    count += written.length;
    // What could not be sent to is judged anew by a scan; what had failed is sent to at once.
    if (written.some(({ after }) => after.state === 'discovered')) await ledger.due.schedule('scan', [entry]);
    await ledger.due.schedule('install', [entry]);
  }
  return count;
}

async function liveCommands(ledger: Ledger, scope: Scope): Promise<PayloadOf<Catalog['cancel-command']>[]> {
  if (scope.startsWith('cause:')) {
    throw new CommandError(
      EXIT.usage,
      'a live command has no cause yet: cancel by --account, --region or --instance',
    );
  }
  const wanted = scope.startsWith('instance:') ? InstanceId.parse(scope.slice('instance:'.length)) : null;
  const payloads: PayloadOf<Catalog['cancel-command']>[] = [];
  for (const target of targetsInScope(await ledger.enrollments.populated(), scope)) {
    for (const { value } of await ledger.enrollments.intents(target)) {
      if (wanted !== null && !value.instanceIds.includes(wanted)) continue;
      payloads.push({ target, batchId: value.batchId, instanceId: wanted });
    }
  }
  return payloads;
}
