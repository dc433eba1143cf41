import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/control/ledger';
import type { OrganizationStatus } from '@muster/core/reports/organization-status';
import { shellWord } from '@muster/core/install/install-script';

/**
 * A verb of the command line as a user types it in the checkout, so that it talks to this demo. A Redis with a password is not
 * named: the user has set its URL, and a screen is no place for it.
 */
export function lineToType({ MUSTER_CONFIG, REDIS_URL }: NodeJS.ProcessEnv, verb: string): string {
  const url = REDIS_URL === undefined || URL.parse(REDIS_URL)?.password !== '' ? undefined : REDIS_URL;
  const set = Object.entries({ MUSTER_CONFIG, REDIS_URL: url }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${shellWord(value)}`],
  );
  return [...set, './muster', verb].join(' ');
}

/**
 * The operator of the demo. A first run holds all sends until an operator has looked at what was found: once the first sweep has
 * ended and hosts wait, this one says so, types `muster resume --all`, and shows the answer. A user may be faster.
 */
export function createHoldOperator(deps: {
  readonly ledger: Pick<Ledger, 'control'>;
  readonly config: MusterConfig;
  readonly entry: string;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (text: string) => void;
}): (status: OrganizationStatus) => Promise<void> {
  const { ledger, config, entry, env, say } = deps;
  let isOver = !config.limits.holdFirstSend;
  return async ({ sweep, instances }) => {
    if (isOver || sweep.state !== 'finished') return;
    isOver = (await ledger.control.hold(true)) === 'released';
    const waiting = instances.byState['queued'] ?? 0;
    if (isOver || waiting === 0) return;
    isOver = true;
    say(
      `A first run sends nothing until an operator has looked at what it found: ${waiting} hosts wait in ${sweep.accounts.total} accounts.\n` +
        `The demo is that operator and types:\n  ${lineToType(env, 'resume --all')}\n`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [entry, 'resume', '--all'], { env });
    say(stdout);
  };
}
