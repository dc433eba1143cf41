import { createSimClock } from './clock/sim-clock.ts';
import { createCommandStore } from './commands/command-store.ts';
import { createDocumentLibrary } from './commands/document-library.ts';
import { earlyNode } from './commands/host-membership.ts';
import { createHttpNetwork, createLocalNetwork } from './commands/host-network.ts';
import { createFaultBook } from './faults/decide.ts';
import { createCredentialBook } from './iam/principals.ts';
import { createTokenBuckets } from './limits/token-buckets.ts';
import { createCallTally } from './report/call-tally.ts';
import { type AwsSimReport, writeReport } from './report/report.ts';
import { instancesOf } from './report/scope.ts';
import { createAwsServer } from './server/http-server.ts';
import { listen } from './server/listen.ts';
import { createSignatureVerifier } from './server/sigv4.ts';
import type { Simulation } from './server/simulation.ts';
import { applyChanges, type ChangeResult } from './world/apply-change.ts';
import type { WorldChange } from './world/change.ts';
import type { WorldFile } from './world/file.ts';
import { buildWorld, type WorldFlags } from './world/build.ts';
import type { World } from './world/world.ts';

/** How a simulated organization is started. Everything has a default. */
export interface AwsSimOptions extends WorldFlags {
  /** A world from a file (`readWorldFile`); what it says goes before the flags. */
  readonly world?: WorldFile | undefined;
  /** @default 0: any free port */
  readonly port?: number | undefined;
  /** @default 127.0.0.1 */
  readonly host?: string | undefined;
  /** How many times faster simulated delays pass. @default 1 */
  readonly speed?: number | undefined;
  /** Where the Teleport simulator listens; without it hosts install and join without a network. */
  readonly proxyUrl?: string | undefined;
}

/** A running simulated organization. */
export interface AwsSim {
  /** To be used as `AWS_ENDPOINT_URL`. */
  readonly url: string;
  readonly port: number;
  readonly organizationId: string;
  readonly managementAccountId: string;
  readonly world: World;
  /** What `GET /_sim/report` answers. */
  report(): AwsSimReport;
  /** What `POST /_sim/world` does. */
  change(...changes: WorldChange[]): Promise<ChangeResult[]>;
  /** Points the hosts at a Teleport simulator; agents that the world has from the start are put there. */
  connectProxy(proxyUrl: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts a simulated organization on loopback. @throws {Error} the port is taken, or the world is not usable */
export async function startAwsSim(options: AwsSimOptions = {}): Promise<AwsSim> {
  const clock = createSimClock(options.speed ?? 1);
  const world = buildWorld(options.world, options, clock.startedAtMs);
  const sim: Simulation = {
    world,
    clock,
    credentials: createCredentialBook(world),
    verifier: createSignatureVerifier(),
    buckets: createTokenBuckets(clock.speed),
    faults: createFaultBook(world.seed, world.faults),
    commands: createCommandStore(),
    documents: createDocumentLibrary(world.documents, clock.startedAtMs),
    tally: createCallTally(),
    delayed: new Map(),
    network: createLocalNetwork(),
  };
  await placeEarlyNodes(sim, options.world);
  if (options.proxyUrl !== undefined) await connectProxy(sim, options.proxyUrl);
  for (const { afterMs, changes } of options.world?.timeline ?? []) {
    clock.after(afterMs, () => {
      void applyChanges(sim, changes).then(reportFailures);
    });
  }
  const server = createAwsServer(sim);
  const listening = await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');
  const { port } = listening;
  return {
    url: `http://${options.host ?? '127.0.0.1'}:${port}`,
    port,
    organizationId: world.organizationId,
    managementAccountId: world.accounts[0]?.id ?? '',
    world,
    report: () => writeReport(sim),
    change: (...changes) => applyChanges(sim, changes),
    connectProxy: (proxyUrl) => connectProxy(sim, proxyUrl),
    async close() {
      clock.close();
      sim.network.close();
      await listening.close();
    },
  };
}

/** A change of the timeline that could not be made is a fault of the world file. */
function reportFailures(results: readonly ChangeResult[]): void {
  for (const { op, error } of results) {
    if (error !== undefined) process.stderr.write(`aws-sim: timeline: ${op}: ${error}\n`);
  }
}

/** Hosts whose agents are there before the world begins. Only written ones can be, so only those are looked at. */
async function placeEarlyNodes(sim: Simulation, file: WorldFile | undefined): Promise<void> {
  if (
    file?.accounts?.some((account) =>
      account.instances?.some((instance) => (instance.joined ?? false) !== false),
    ) !== true
  ) {
    return;
  }
  for (const host of earlyHosts(sim)) {
    const state = sim.world.hosts.touch(host.id);
    state.installed = true;
    state.joinedAtMs = sim.clock.startedAtMs;
    state.joinToken = sim.world.joinToken;
  }
}

function* earlyHosts(
  sim: Simulation,
): Generator<ReturnType<typeof instancesOf> extends Generator<infer T> ? T : never> {
  for (const account of sim.world.accounts) {
    for (const region of sim.world.regions) {
      for (const host of instancesOf(sim.world, account, region)) {
        if (host.joinedAtStart && host.state === 'running') yield host;
      }
    }
  }
}

async function connectProxy(sim: Simulation, proxyUrl: string): Promise<void> {
  sim.network.close();
  sim.network = createHttpNetwork(proxyUrl);
  const present = [...sim.world.hosts.entries()].filter(([, state]) => state.joinedAtMs !== null);
  const hosts = present.map(([id]) => sim.world.fleet.find(id)).filter((spec) => spec !== undefined);
  if (hosts.length === 0) return;
  await sim.network.seedNodes(hosts.map((host) => earlyNode(sim.world, host)));
}
