import { Overview } from '@muster/api/overview';
import type { FindingRow } from '@muster/api/findings';
import { Owner } from '@muster/api/scopes';
import type { InventoryFacts } from '@muster/core/inventory/node-store';
import type { Snapshot } from '../http/snapshot.ts';
import { rowsOfFindings } from './finding-rows.ts';
import { FUNNEL, type Oldest } from './model-facts.ts';
import { answer, type ApiRoute, defineRoute } from './route.ts';
import { replyFromSnapshot } from './reply-from.ts';
import { newestSweep, viewOfEnded } from './sweeps.ts';

/** More is a list of its own. */
const MOST_NEEDS = 20;

export const overviewRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'get',
    path: '/overview',
    operationId: 'readOverview',
    tag: 'overview',
    summary: 'Where the organization stands',
    role: 'viewer',
    answer: Overview,
    handle: async (_asked, deps) => {
      const [reading, { value: facts }] = await Promise.all([deps.readSnapshot(), deps.readModelFacts()]);
      return replyFromSnapshot(reading, deps, (snapshot, freshness) => {
        const { proxyServer, discoveryGroup, pollIntervalMs } = deps.config();
        const { status, endedSweeps, inventory } = snapshot;
        const { instances, commands, aws, rollout } = status;
        const [lastEnded] = endedSweeps;
        const findings = rowsOfFindings(snapshot, facts?.accountsByCause);
        return answer({
          ...freshness,
          cluster: { proxyServer, discoveryGroup },
          pollIntervalMs,
          sweep: newestSweep(status),
          lastSweep: lastEnded === undefined ? null : viewOfEnded(lastEnded),
          instances,
          funnel: funnelOf(instances.byState, facts?.oldest ?? new Map()),
          commands,
          aws,
          inventory: inventoryOf(inventory),
          rollout,
          needs: findings.filter(needsAPerson).slice(0, MOST_NEEDS),
          findingsByOwner: byOwner(findings),
        });
      });
    },
  }),
];

/** States of a newer release stand behind those that are known. */
function funnelOf(
  byState: Snapshot['status']['instances']['byState'],
  oldest: ReadonlyMap<string, Oldest>,
): Overview['funnel'] {
  const others = Object.keys(byState).filter((state) => !FUNNEL.some((one) => one === state));
  return [...FUNNEL, ...others].map((state) => ({
    state,
    hosts: byState[state] ?? 0,
    oldest: oldest.get(state) ?? null,
  }));
}

function needsAPerson({ owner, muted, kind }: FindingRow): boolean {
  return muted === null && (owner !== 'muster' || !kind.startsWith('cause:'));
}

function byOwner(findings: readonly FindingRow[]): Overview['findingsByOwner'] {
  const standing = findings.filter(({ muted }) => muted === null);
  return Owner.options
    .map((owner) => {
      const own = standing.filter((one) => one.owner === owner);
      // Hosts are counted by their causes alone: other findings speak of the same ones again.
      const hosts = own.reduce((sum, one) => sum + (one.kind.startsWith('cause:') ? (one.hosts ?? 0) : 0), 0);
      return { owner, findings: own.length, hosts };
    })
    .filter(({ findings }) => findings > 0);
}

function inventoryOf({ generation, nodes, begunAtMs, error }: InventoryFacts): Overview['inventory'] {
  return generation === null ? null : { nodes, readAt: new Date(begunAtMs).toISOString(), error };
}
