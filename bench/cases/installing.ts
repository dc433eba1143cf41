import { eventually } from '@muster/testing/eventually';
import type { ConfigPart } from '@muster/testing/system-config';
import { type MusterRun, startMuster } from '../muster-run.ts';
import type { SimulatedWorld } from '../simulated-world.ts';

const WITHIN_MS = 60 * 60_000;

/** Sends as soon as the ledger's first minute allows, and as much as AWS takes: caps are not what is measured. */
export const SEND_AT_ONCE: ConfigPart = {
  muster: {
    limits: {
      hold_first_send: false,
      installs_in_flight: 100_000,
      installs_in_flight_per_account: 100_000,
      installs_in_flight_per_target: 100_000,
    },
    // A new ledger lets this and the ten seconds of a send pass before its first send.
    install: { visibility: '1s', poll_first: '5s', poll_max: '10s' },
  },
};

/** How the installs of a scope went by, in real time. */
export interface Installing {
  /** From the first accepted command of all to the last end of the watched target. */
  readonly hottestMs: number;
  readonly allMs: number;
  /** Share of throttled answers over all calls to SSM's sending and listing. */
  readonly throttledShare: number;
  readonly sends: number;
  /** ssm:ListCommandInvocations per instance. */
  readonly readsPerInstance: number;
}

/** Installs everything in a world and watches one target of it. Hosts are done when their command has ended with 0. */
export async function installAll(
  world: SimulatedWorld,
  options: {
    readonly workers: number;
    readonly instances: number;
    readonly hottest: { readonly account: string; readonly region: string; readonly instances: number };
    readonly config?: ConfigPart;
  },
): Promise<Installing> {
  const muster = await startMuster({
    world,
    workers: options.workers,
    config: options.config ?? SEND_AT_ONCE,
  });
  try {
    muster.begin();
    await eventually('a command is accepted', () => sendsOf(world), WITHIN_MS);
    const startedAtMs = Date.now();
    let hottestMs: number | null = null;
    await eventually(
      'everything is installed',
      async () => {
        if (hottestMs === null && (await installedIn(muster, options.hottest)) >= options.hottest.instances) {
          hottestMs = Date.now() - startedAtMs;
        }
        const { states } = await muster.ledger.enrollments.counts();
        return states.get('installed') === options.instances && hottestMs !== null;
      },
      WITHIN_MS,
    );
    const { calls } = await world.report();
    const send = calls['ssm:SendCommand'];
    const list = calls['ssm:ListCommandInvocations'];
    const ok = (send?.ok ?? 0) + (list?.ok ?? 0);
    const throttled = (send?.throttled ?? 0) + (list?.throttled ?? 0);
    return {
      hottestMs: hottestMs ?? Number.NaN,
      allMs: Date.now() - startedAtMs,
      throttledShare: throttled / (ok + throttled),
      sends: send?.ok ?? 0,
      readsPerInstance: (list?.ok ?? 0) / options.instances,
    };
  } finally {
    await muster.close();
  }
}

async function sendsOf(world: SimulatedWorld): Promise<boolean> {
  const { calls } = await world.report();
  return (calls['ssm:SendCommand']?.ok ?? 0) > 0;
}

async function installedIn(
  muster: MusterRun,
  { account, region }: { readonly account: string; readonly region: string },
): Promise<number> {
  const populated = await muster.ledger.enrollments.populated();
  const target = populated.find((one) => one.accountId === account && one.region === region);
  if (target === undefined) return 0;
  const records = await muster.ledger.enrollments.readAll(target);
  return [...records.values()].filter(({ value }) => value.state === 'installed').length;
}
