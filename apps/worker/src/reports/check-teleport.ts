import type { ManagedUpdates } from '@muster/core/inventory/teleport-port';
import type { JobContext } from '@muster/core/jobs/define-job';
import {
  type Check,
  failed,
  passed,
  skipped,
  type TeleportCheckup,
  warned,
} from '@muster/core/reports/doctor/check';
import { faultOfToken, type JoinToken, type TokenUse } from '@muster/core/reports/doctor/teleport-checks';
import type { ReportId } from '@muster/core/reports/report';
import { isJobError, messageOf } from '@muster/core/runtime/errors';
import { type Matcher, needsManagedUpdates } from '@muster/core/scan/matcher';
import { accountOfRole } from '@muster/core/scan/matcher-scope';
import { checkInstallers } from './check-installers.ts';
import { checkCleanUp, checkOtherDiscovery } from './check-tctl-rights.ts';
import { type Answered, answerPart, type ReportDeps } from './report-part.ts';

/** The proxy, every installer that some matcher sends, the join tokens, the inventory, and what else tctl's identity may. */
export async function handleCheckTeleport(
  { reportId }: { readonly reportId: ReportId },
  ctx: JobContext,
  deps: ReportDeps,
): Promise<Answered> {
  const checks: Check[] = [];
  return answerPart(
    deps,
    ctx,
    reportId,
    'teleport',
    async (): Promise<TeleportCheckup> => {
      checks.length = 0;
      checks.push(...(await checkProxy(ctx, deps)));
      checks.push(...(await checkInstallers(ctx, deps)));
      // Side by side: a tctl that hangs costs its time once.
      const ofTctl = await Promise.all([
        checkTokens(ctx, deps),
        checkInventory(ctx, deps),
        checkOtherDiscovery(ctx, deps),
        checkCleanUp(ctx, deps),
      ]);
      checks.push(...ofTctl.flat());
      return { checks };
    },
    (error): TeleportCheckup => {
      const trouble = failed(
        'proxy',
        'internal',
        deps.redact(messageOf(error)),
        'See the log of the worker.',
      );
      return { checks: [...checks, trouble] };
    },
  );
}

async function checkProxy(ctx: JobContext, deps: ReportDeps): Promise<readonly Check[]> {
  const { proxyServer } = deps.config;
  if (proxyServer === null) return [skipped('proxy', 'no proxy is configured')];
  const place = { subject: proxyServer };
  try {
    const cluster = await deps.teleport.describeCluster(ctx.signal);
    const version = cluster.serverVersion === '' ? 'unknown' : cluster.serverVersion;
    return [
      passed('proxy', `cluster ${cluster.clusterName}, Teleport ${version}`, place),
      ...checkAddresses(cluster.publicProxyAddr, deps),
      ...checkManagedUpdates(cluster.managedUpdates, deps),
    ];
  } catch (error) {
    ctx.signal.throwIfAborted();
    const detail = deps.redact(messageOf(error));
    if (isJobError(error, 'teleport.unavailable')) {
      const remedy = `Check teleport.proxy_server, DNS and the network from the worker: curl https://${proxyServer}/webapi/find`;
      return [failed('proxy', 'proxy-unreachable', detail, remedy, place)];
    }
    if (!isJobError(error, 'teleport.invalid', 'teleport.denied', 'config.invalid')) throw error;
    const remedy = `Let teleport.proxy_server name the public address of a Teleport proxy; something else answers at ${proxyServer} (a login page, a load balancer?).`;
    return [failed('proxy', 'proxy-not-teleport', detail, remedy, place)];
  }
}

/** Whether hosts are sent to where the proxy says that it is. */
function checkAddresses(advertised: string | null, deps: ReportDeps): readonly Check[] {
  const used = new Set(deps.config.matchers.map(({ install }) => install.publicProxyAddr));
  return [...used].map((address) => {
    const place = { subject: address };
    if (advertised === null) {
      return skipped('proxy-address', 'the proxy advertises no public address', null, place);
    }
    if (withPort(address) === withPort(advertised)) {
      return passed('proxy-address', 'is what the proxy advertises', place);
    }
    return warned(
      'proxy-address',
      'proxy-address-differs',
      `hosts are sent to ${address}, the proxy advertises ${advertised}`,
      `Set install.public_proxy_addr (or teleport.proxy_server) to ${advertised}, unless hosts are meant to use another way.`,
      place,
    );
  });
}

/** Teleport refuses a suffix and a group without managed updates, so Muster does not send them either. */
function checkManagedUpdates(said: ManagedUpdates, deps: ReportDeps): readonly Check[] {
  const needing = deps.config.matchers.filter(({ install }) => needsManagedUpdates(install));
  return needing.map(({ label }) => {
    const place = { subject: label };
    const look = 'Look on the cluster: tctl autoupdate agents status (and tctl get autoupdate_config).';
    switch (said) {
      case 'on':
        return passed('managed-updates', 'the proxy tells agents to update', place);
      case 'held':
        return warned(
          'managed-updates',
          'managed-updates-held',
          'install.suffix and install.update_group need managed updates; the proxy holds updates back just now',
          `${look} Outside its window, or with agents disabled, that is as it should be.`,
          place,
        );
      case 'off':
        return failed(
          'managed-updates',
          'managed-updates-off',
          'managed updates are not enabled on the cluster, and install.suffix and install.update_group need them: nothing is sent to the instances of this matcher',
          `${look} Enable them (tctl autoupdate agents …, Teleport 17 or newer), or remove suffix and update_group.`,
          place,
        );
      default:
        return said satisfies never;
    }
  });
}

function withPort(address: string): string {
  return /:\d+$/.test(address) ? address : `${address}:443`;
}

async function checkInventory(ctx: JobContext, deps: ReportDeps): Promise<Check> {
  const { inventory } = deps.config;
  if (inventory.kind === 'none') {
    return warned(
      'inventory',
      'no-inventory',
      'none is configured: a host counts as done when its installer exits with 0, and hosts that have joined by other ways are sent to',
      'Set muster.inventory.source to tctl, with an identity that may list nodes (docs/inventory.md).',
    );
  }
  const startedAtMs = deps.clock.now();
  let nodes = 0;
  const odd = { unlabeled: 0, contradicting: 0, oversize: 0 };
  try {
    const listed = deps.teleport.listNodes(ctx.signal, ({ kind }) => {
      odd[kind] += 1;
    });
    for await (const { expiresAtMs } of listed) {
      if (expiresAtMs === null || expiresAtMs >= startedAtMs) nodes += 1;
    }
    const seconds = ((deps.clock.now() - startedAtMs) / 1_000).toFixed(1);
    const detail = [
      `${nodes} nodes of EC2 instances are online, read in ${seconds} s`,
      ...(odd.unlabeled === 0 ? [] : [`${odd.unlabeled} are known by their cloud metadata alone`]),
      ...(odd.contradicting === 0
        ? []
        : [`${odd.contradicting} contradict themselves and count for no host`]),
      ...(odd.oversize === 0 ? [] : [`${odd.oversize} are too large and were left out`]),
    ];
    return passed('inventory', detail.join('; '));
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (!isJobError(error)) throw error;
    const command = [inventory.command, ...inventory.args, 'get', 'nodes', '--format=json'].join(' ');
    return failed(
      'inventory',
      'inventory-unreadable',
      deps.redact(messageOf(error)),
      `Run it by hand on the worker’s host: ${deps.redact(command)} — its identity needs a role that lists and reads nodes with node_labels {"*": "*"}. Nothing is sent while the inventory cannot be read.`,
    );
  }
}

/**
 * Every join token that some matcher sends, looked up through tctl where its identity may read tokens. It need not: who may
 * read tokens sees the secret ones too, so without that right the check is a reminder.
 */
async function checkTokens(ctx: JobContext, deps: ReportDeps): Promise<readonly Check[]> {
  const byToken = Map.groupBy(deps.config.matchers, ({ install }) => install.joinToken);
  return Promise.all([...byToken].map(([name, matchers]) => checkToken(name, matchers, ctx, deps)));
}

async function checkToken(
  name: string,
  matchers: readonly Matcher[],
  ctx: JobContext,
  deps: ReportDeps,
): Promise<Check> {
  const place = { subject: name };
  const byHand = `See that it exists, has join method iam and allows the organization or its accounts: tctl get token/${name}`;
  const remind = (why: string): Check =>
    skipped('token', `hosts join with the token "${name}"; it is not looked at: ${why}`, byHand, place);
  if (deps.config.inventory.kind === 'none') return remind('no tctl is configured (muster.inventory)');
  let token: JoinToken | null;
  try {
    token = await deps.teleport.findToken(name, ctx.signal);
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (isJobError(error, 'teleport.denied')) return remind('the identity of tctl may not read tokens');
    if (isJobError(error, 'teleport.unavailable', 'teleport.invalid')) {
      return remind(deps.redact(messageOf(error)));
    }
    throw error;
  }
  if (token === null) {
    const remedy = `Create it (muster init writes one): tctl create -f token.yaml. Or name another in install.join_params.token_name.`;
    return failed('token', 'token-missing', `there is no token "${name}": no host can join`, remedy, place);
  }
  const fault = faultOfToken(token, matchers.map(useOf), deps.clock.now());
  if (fault !== null) {
    const remedy = `Correct it, or let muster init or muster token write it anew, and run tctl create -f token.yaml: hosts that install now cannot join.`;
    return failed('token', 'token-unfit', `the token "${name}" ${fault}`, remedy, place);
  }
  const until =
    token.expiresAtMs === null ? '' : `, until it expires at ${new Date(token.expiresAtMs).toISOString()}`;
  return passed('token', `hosts may join with the token "${name}"${until}`, place);
}

function useOf({ organization, role }: Matcher): TokenUse {
  return {
    organizationId: organization?.organizationId ?? null,
    accountId: organization === null && role.kind === 'arn' ? accountOfRole(role.arn) : null,
  };
}
