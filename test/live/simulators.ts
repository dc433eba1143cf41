/** What a real account and cluster are compared with: our own simulators, on loopback, for as long as the check runs. */
import { fileURLToPath } from 'node:url';
import type { FoundIds } from '@muster/aws-sim/conformance/found-ids';
import { conformanceIds } from '@muster/aws-sim/conformance/conformance-ids';
import { ACCOUNTS, CONFORMANCE_WORLD } from '@muster/aws-sim/conformance/conformance-world';
import { startAwsSim } from '@muster/aws-sim/start';
import { DISCOVERY_KEYS, memberKeys } from '@muster/aws-sim/testing/sdk-clients';
import { startTeleportSim } from '@muster/teleport-sim/start';
import { askCluster, type ClusterAnswer } from './ask-teleport.ts';
import { type AwsSide, createAwsSide } from './aws-side.ts';

/** The simulated organization as a side. */
export interface SimulatedAws {
  readonly side: AwsSide;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 5_000;
/** Simulated delays are over sooner; answers are the same. */
const SPEED = 100;

/** Starts the conformance world, and sends in it the commands that cases read. */
export async function startSimulatedAws(): Promise<SimulatedAws> {
  const sim = await startAwsSim({ world: CONFORMANCE_WORLD, speed: SPEED });
  const ids: FoundIds = await conformanceIds(sim);
  const at = { endpoint: sim.url, requestTimeoutMs: REQUEST_TIMEOUT_MS };
  const side = createAwsSide({
    discovery: { ...at, credentials: DISCOVERY_KEYS },
    member: { ...at, credentials: await memberKeys(sim, ACCOUNTS.member) },
    brokenKeys: { accessKeyId: DISCOVERY_KEYS.accessKeyId },
    ids,
    region: 'us-east-1',
    closedRegion: 'me-south-1',
    paceMs: 0,
  });
  return { side, close: () => sim.close() };
}

const TCTL = fileURLToPath(new URL('../../packages/teleport-sim/bin/tctl', import.meta.url));
const TOKEN = 'aws-discovery-iam-token';

/** Asks a simulated cluster with two nodes the same questions. */
export async function askSimulatedCluster(withTctl: boolean): Promise<readonly ClusterAnswer[]> {
  const sim = await startTeleportSim({ visibilityDelayMs: { min: 0, max: 0 } });
  try {
    for (const instanceId of ['i-00000000000000001', 'i-00000000000000002']) {
      const body = { token: TOKEN, accountId: ACCOUNTS.member, region: 'us-east-1', instanceId };
      await fetch(`${sim.url}/_sim/join`, { method: 'POST', body: JSON.stringify(body) });
    }
    const env = { PATH: process.env['PATH'], TELEPORT_SIM_URL: sim.url };
    return await askCluster({ url: sim.url, tctl: withTctl ? [process.execPath, TCTL] : null, env });
  } finally {
    await sim.close();
  }
}
