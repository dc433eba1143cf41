import { detailsAt, STATUS_OF } from '../commands/command.ts';
import type { Simulation } from '../server/simulation.ts';
import { isAgentUp } from '../world/host-states.ts';
import { findInstance } from '../world/world.ts';
import { applyChanges } from '../world/apply-change.ts';
import { WorldChanges } from '../world/change.ts';
import { writeReport } from './report.ts';
import { instancesOf, isWanted, targetsOf } from './scope.ts';

/** An answer to a request under `/_sim/`. */
export interface ControlAnswer {
  readonly status: number;
  readonly value: unknown;
}

const ok = (value: unknown): ControlAnswer => ({ status: 200, value });
const DEFAULT_LIMIT = 10_000;

/** Answers requests that are about the simulator, not about AWS; they need no signature. */
export async function answerControl(
  sim: Simulation,
  method: string,
  url: URL,
  body: Buffer,
): Promise<ControlAnswer> {
  const { pathname, searchParams } = url;
  if (method === 'POST' && pathname === '/_sim/world') return changeWorld(sim, body);
  if (method !== 'GET') return { status: 405, value: { error: `${method} ${pathname} is not known` } };
  switch (pathname) {
    case '/_sim/health':
      return ok(health(sim));
    case '/_sim/report':
      return ok(writeReport(sim));
    case '/_sim/world':
      return ok(worldSummary(sim));
    case '/_sim/instances':
      return ok(listInstances(sim, searchParams));
    case '/_sim/commands':
      return ok(listCommands(sim, searchParams));
    default:
      return { status: 404, value: { error: `${pathname} is not known` } };
  }
}

function health(sim: Simulation): unknown {
  const { user, system } = process.cpuUsage();
  return {
    status: 'ok',
    organizationId: sim.world.organizationId,
    speed: sim.clock.speed,
    calls: sim.tally.total(),
    cpuMs: Math.round((user + system) / 1000),
    rssBytes: process.memoryUsage.rss(),
  };
}

async function changeWorld(sim: Simulation, body: Buffer): Promise<ControlAnswer> {
  let raw: unknown;
  try {
    raw = JSON.parse(body.toString('utf8'));
  } catch {
    return { status: 400, value: { error: 'the body is not JSON' } };
  }
  const parsed = WorldChanges.safeParse(raw);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(top)'}: ${issue.message}`);
    return { status: 400, value: { error: 'the changes are not valid', faults } };
  }
  const changes = Array.isArray(parsed.data) ? parsed.data : [parsed.data];
  const results = await applyChanges(sim, changes);
  const failed = results.some((result) => result.error !== undefined);
  return { status: failed ? 409 : 200, value: { results } };
}

function worldSummary(sim: Simulation): unknown {
  const { world } = sim;
  return {
    name: world.name,
    seed: world.seed,
    organizationId: world.organizationId,
    rootId: world.tree.rootId,
    managementAccountId: world.accounts[0]?.id,
    regions: world.regions,
    matchTags: world.matchTags,
    accounts: world.accounts.map((account) => ({
      id: account.id,
      name: account.name,
      state: account.state,
      role: account.role,
      parentId: account.parentId,
      deniedRegions: account.deniedRegions,
      deniedActions: account.deniedActions,
      regions: Object.fromEntries(account.regionOverrides ?? []),
      hostManagement: [...(account.hostManagement?.keys() ?? [])],
    })),
    instances: world.fleet.size(),
    faults: sim.faults.rules(),
  };
}

function listInstances(sim: Simulation, query: URLSearchParams): unknown {
  const { world } = sim;
  const wantedAccount = query.get('account');
  const wantedRegion = query.get('region');
  const wantedId = query.get('id');
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  const readable = new Set<string>();
  for (const target of targetsOf(world)) {
    if (target.readable) readable.add(`${target.account.id}/${target.region}`);
  }
  const rows: unknown[] = [];
  for (const account of world.accounts) {
    if (wantedAccount !== null && account.id !== wantedAccount) continue;
    for (const region of world.regions) {
      if (wantedRegion !== null && region !== wantedRegion) continue;
      for (const instance of instancesOf(world, account, region)) {
        if (wantedId !== null && instance.id !== wantedId) continue;
        if (rows.length >= limit) return { truncated: true, instances: rows };
        const { history } = instance;
        rows.push({
          id: instance.id,
          account: account.id,
          region,
          state: instance.state,
          platform: instance.platform,
          tags: instance.tags,
          ssm: instance.ssm,
          agent: instance.ssm === null ? null : isAgentUp(instance) ? 'up' : 'down',
          readable: readable.has(`${account.id}/${region}`) && isWanted(world, instance),
          outcome: instance.outcomes.length === 1 ? instance.outcomes[0] : instance.outcomes,
          installs: history?.accepted ?? 0,
          runs: history?.runs ?? 0,
          live: history?.live ?? 0,
          joined: history !== undefined && history.joinedAtMs !== null,
          lastStatus: history?.lastStatus ?? null,
          lastExitCode: history?.lastExitCode ?? null,
        });
      }
    }
  }
  return { truncated: false, instances: rows };
}

function listCommands(sim: Simulation, query: URLSearchParams): unknown {
  const nowMs = sim.clock.nowMs();
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  const rows: unknown[] = [];
  for (const command of sim.commands.all()) {
    if (query.has('account') && command.account.id !== query.get('account')) continue;
    if (rows.length >= limit) return { truncated: true, commands: rows };
    rows.push({
      id: command.id,
      account: command.account.id,
      region: command.region,
      documentName: command.documentName,
      comment: command.comment,
      requestedAt: new Date(command.requestedAtMs).toISOString(),
      visibleAt: new Date(command.visibleAtMs).toISOString(),
      open: command.open,
      parameters: command.parameters,
      timeoutSeconds: command.timeoutSeconds,
      executionSeconds: command.executionSeconds,
      maxErrors: command.maxErrors,
      invocations: command.invocations.map((invocation) => {
        const details = detailsAt(invocation, nowMs);
        const { endedAtMs, instanceId } = invocation;
        const joined = findInstance(sim.world, instanceId)?.history?.joinedAtMs ?? null;
        return {
          instanceId,
          status: STATUS_OF[details],
          statusDetails: details,
          exitCode: invocation.end?.exitCode ?? null,
          endedAt: endedAtMs === null ? null : new Date(endedAtMs).toISOString(),
          joined: joined !== null,
        };
      }),
    });
  }
  return { truncated: false, commands: rows };
}
