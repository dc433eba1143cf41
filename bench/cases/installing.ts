import { AccountId, Region } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import { pause } from '@muster/testing/eventually';
import type { ConfigPart } from '@muster/testing/system-config';
import { startMuster } from '../muster-run.ts';
import type { SimulatedWorld } from '../simulated-world.ts';
import type { Ledger } from '@muster/core/control/ledger';

const WITHIN_MS = 15 * 60_000;
const LOOK_EVERY_MS = 250;
/** Counting what is installed everywhere asks Redis once per target: not with every look. */
const COUNT_EVERY_LOOKS = 8;

/**
 * Sends as soon as the ledger's first minute allows, and as much as AWS takes: caps are not what is measured. By default
 * 1,000 hosts may be under way, 250 of an account and 100 of a target, and a mass start begins with five: those would be what
 * everything waits for.
 */
export const SEND_AT_ONCE: ConfigPart = {
  muster: {
    limits: {
      hold_first_send: false,
      installs_in_flight: 100_000,
      installs_in_flight_per_account: 100_000,
      installs_in_flight_per_target: 100_000,
    },
    // How much later a first installation ends with its ramp: see `roll-out.ts`.
    rollout: { ramp: { off: true } },
    // A new ledger lets this and the ten seconds of a send pass before its first send.
    install: { visibility: '1s' },
  },
};

/** How the installs of a world went by, in real time. */
export interface Installing {
  /**
   * The watched target: from when its candidates were known and sending had begun somewhere, to its last end. Null when
   * none is watched.
   */
  readonly hottestMs: number | null;
  /** All other targets: from the first accepted command to the last end. */
  readonly othersMs: number;
  /** Share of throttled answers over all calls, whatever the API. */
  readonly throttledShare: number;
  readonly sends: number;
  /** Calls to SSM that read, per instance. */
  readonly readsPerInstance: number;
  readonly workerCpuMsPerInstance: number;
}

/** Installs everything in a world. Hosts are done when their command has ended with 0. */
export async function installAll(
  world: SimulatedWorld,
  options: {
    readonly workers: number;
    /** Without those of the watched target. */
    readonly instances: number;
    readonly hottest: {
      readonly account: string;
      readonly region: string;
      readonly instances: number;
    } | null;
  },
): Promise<Installing> {
  const muster = await startMuster({ world, workers: options.workers, config: SEND_AT_ONCE });
  try {
    const before = muster.workerUsage();
    muster.begin();
    const times = await watch(muster.ledger, options.instances, options.hottest);
    const cpuMs = muster.workerUsage().cpuMs - before.cpuMs;
    const { calls } = await world.report();
    const all = Object.values(calls);
    const throttled = all.reduce((sum, counts) => sum + counts.throttled, 0);
    const answered = all.reduce((sum, counts) => sum + counts.ok, throttled);
    const reads = ['ssm:ListCommandInvocations', 'ssm:DescribeInstanceInformation'];
    const instances = options.instances + (options.hottest?.instances ?? 0);
    return {
      ...times,
      throttledShare: throttled / answered,
      sends: calls['ssm:SendCommand']?.ok ?? 0,
      readsPerInstance: reads.reduce((sum, api) => sum + (calls[api]?.ok ?? 0), 0) / instances,
      workerCpuMsPerInstance: cpuMs / instances,
    };
  } finally {
    await muster.close();
  }
}

/** Looks on until everything is installed. */
async function watch(
  ledger: Ledger,
  others: number,
  hottest: { readonly account: string; readonly region: string; readonly instances: number } | null,
): Promise<Pick<Installing, 'hottestMs' | 'othersMs'>> {
  const target: Target | null =
    hottest === null
      ? null
      : { accountId: AccountId.parse(hottest.account), region: Region.parse(hottest.region) };
  const untilMs = Date.now() + WITHIN_MS;
  let firstSendAtMs: number | null = null;
  let hotFromMs: number | null = null;
  let hottestMs: number | null = null;
  let othersMs: number | null = null;
  let isHotDone = target === null;
  for (let looks = 1; othersMs === null || !isHotDone; looks += 1) {
    if (Date.now() > untilMs) throw new Error(`not everything was installed within ${WITHIN_MS} ms`);
    await pause(LOOK_EVERY_MS);
    if (firstSendAtMs === null) {
      if ((await ledger.statistics.read()).commandsSent === 0) continue;
      firstSendAtMs = Date.now();
    }
    if (target !== null && !isHotDone) {
      const isWaiting = (await ledger.enrollments.nextCandidateAt(target)) !== null;
      const isOpen = isWaiting || (await ledger.enrollments.intents(target)).length > 0;
      if (isOpen) hotFromMs ??= Date.now();
      else if (hotFromMs !== null) {
        hottestMs = Date.now() - hotFromMs;
        isHotDone = true;
      }
    }
    if (othersMs === null && looks % COUNT_EVERY_LOOKS === 0) {
      const installed = (await ledger.enrollments.counts()).states.get('installed') ?? 0;
      const hot = target === null ? 0 : await installedIn(ledger, target);
      if (installed - hot >= others) othersMs = Date.now() - firstSendAtMs;
    }
  }
  return { hottestMs, othersMs };
}

async function installedIn(ledger: Ledger, target: Target): Promise<number> {
  const records = await ledger.enrollments.readAll(target);
  return [...records.values()].filter(({ value }) => value.state === 'installed').length;
}
