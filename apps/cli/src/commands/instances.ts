import { isCause } from '@muster/core/enrollment/cause';
import type { Ledger } from '@muster/core/control/ledger';
import type { Command } from 'commander';
import { ENROLLMENT_STATES } from '@muster/core/enrollment/record';
import { AccountId, Region } from '@muster/core/organization/ids';
import { type CommandContext, CommandError, EXIT } from '../command-context.ts';
import { describeInstance, type InstanceFilter, readInstances } from '../list-instances.ts';
import { withLedger } from '../open-ledger.ts';
import { readConfig } from '../read-config.ts';

interface Options {
  readonly state?: string;
  readonly account?: string;
  readonly region?: string;
  readonly cause?: string;
  readonly json?: boolean;
}

/** `muster instances`: one line each; JSON lines with `--json`. */
export function addInstancesCommand(program: Command, context: CommandContext): void {
  program
    .command('instances')
    .description('list instances and where they stand')
    .option('--state <state>', 'only in this state')
    .option('--account <id>', 'only in this account')
    .option('--region <region>', 'only in this region')
    .option('--cause <cause>', 'only with this cause')
    .option('--json', 'JSON lines (docs/status-json.md)')
    .action(async (options: Options) => {
      const filter = parseFilter(options);
      const config = readConfig(context.env, context.configOption());
      await withLedger(config, async (ledger, clock) => {
        await requireMet(ledger, filter);
        for await (const instance of readInstances(ledger, filter, clock.now())) {
          process.stdout.write(
            `${options.json === true ? JSON.stringify(instance) : describeInstance(instance)}\n`,
          );
        }
      });
    });
}

function parseFilter(options: Options): InstanceFilter {
  const account = options.account === undefined ? null : AccountId.safeParse(options.account);
  const region = options.region === undefined ? null : Region.safeParse(options.region);
  if (account?.success === false) {
    throw new CommandError(EXIT.usage, `--account ${options.account}: an AWS account id has 12 digits`);
  }
  if (region?.success === false) {
    throw new CommandError(EXIT.usage, `--region ${options.region}: an AWS region looks like eu-west-1`);
  }
  return {
    state: options.state ?? null,
    accountId: account?.data ?? null,
    region: region?.data ?? null,
    cause: options.cause ?? null,
  };
}

/** A slip must not look like an organization without such instances. A word of a newer release is one while instances have it. */
async function requireMet(ledger: Ledger, { state, cause }: InstanceFilter): Promise<void> {
  const isState = state === null || ENROLLMENT_STATES.some((one) => one === state);
  if (isState && (cause === null || isCause(cause))) return;
  const { states, causes } = await ledger.enrollments.counts();
  if (!isState && !states.has(state)) {
    throw new CommandError(
      EXIT.usage,
      `--state ${state}: there is no such state; there are ${ENROLLMENT_STATES.join(', ')}`,
    );
  }
  if (cause !== null && !isCause(cause) && !causes.has(cause)) {
    throw new CommandError(
      EXIT.usage,
      `--cause ${cause}: there is no such cause; muster findings lists those that are met`,
    );
  }
}
