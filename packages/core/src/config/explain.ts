import { explainNotify } from './explain-notify.ts';
import type { FreezeWindow } from '../rollout/freeze/freeze.ts';
import type { Wave } from '../rollout/waves/wave.ts';
import { percent } from '../runtime/wording.ts';
import type { Matcher, TagRule } from '../scan/matcher.ts';
import { RUN_SHELL_SCRIPT } from '../install/render-install.ts';
import { formatDuration } from './value-shapes.ts';
import { installationId } from './installation-id.ts';
import type { MusterConfig } from './model.ts';

/**
 * What a configuration comes to, in words, for `muster config check`: nothing secret, every default in place, durations as
 * they will really be.
 */
export function explainConfig(config: MusterConfig): string {
  return [
    ...explainCluster(config),
    '',
    ...config.matchers.flatMap((matcher, index) => [...explainMatcher(matcher, index + 1), '']),
    ...explainSettings(config),
  ].join('\n');
}

function explainCluster(config: MusterConfig): readonly string[] {
  const state = config.enabled
    ? `every target is read again every ${formatDuration(config.pollIntervalMs)}`
    : 'OFF: discovery_service.enabled is not true';
  return [
    `Cluster:      ${config.proxyServer ?? 'none'}, discovery group ${config.discoveryGroup === '' ? 'not set' : JSON.stringify(config.discoveryGroup)}, installation ${installationId(config)}`,
    `Discovery:    ${state}${config.paused ? '; PAUSED by muster.paused: nothing is sent' : ''}`,
    `Matchers:     ${config.matchers.length === 0 ? 'none: nothing will be enrolled' : `${config.matchers.length}; the first that matches an instance owns it`}`,
    ...(config.speed === 1 ? [] : [`Speed:        ${config.speed} times as fast as time (simulation)`]),
  ];
}

function explainMatcher(matcher: Matcher, number: number): readonly string[] {
  const { install } = matcher;
  const environment = [
    install.suffix === null ? null : `suffix ${install.suffix}`,
    install.updateGroup === null ? null : `update group ${install.updateGroup}`,
    install.httpProxy === null && install.httpsProxy === null
      ? null
      : `HTTP proxy ${withoutUser(install.httpsProxy ?? install.httpProxy ?? '')}`,
    install.noProxy === null ? null : `no proxy for ${install.noProxy}`,
  ].filter((part) => part !== null);
  return [
    `${number}. ${matcher.label} (key ${matcher.key})`,
    `   accounts:  ${explainAccounts(matcher)}`,
    `   role:      ${explainRole(matcher)}`,
    `   regions:   ${matcher.regions.kind === 'all' ? 'every region enabled in the account' : matcher.regions.regions.join(', ')}`,
    `   instances: ${explainInstances(matcher)}`,
    `   sends:     ${install.documentName}${install.documentName === RUN_SHELL_SCRIPT ? '' : ' (must exist in every account and region)'}; installer ${install.scriptName}${install.scriptSha256 === null ? '' : ` (SHA-256 ${install.scriptSha256.slice(0, 12)}…)`} from https://${install.publicProxyAddr}; joins with the token ${install.joinToken}`,
    ...(environment.length === 0 ? [] : [`   host sees: ${environment.join('; ')}`]),
  ];
}

function explainAccounts(matcher: Matcher): string {
  const parts: string[] = [];
  if (matcher.organization === null) {
    const account = matcher.role.kind === 'arn' ? matcher.role.arn.split(':')[4] : undefined;
    parts.push(account === undefined ? "the account of the worker's credentials" : account);
  } else {
    const { organizationId, includeOus, excludeOus } = matcher.organization;
    parts.push(
      `all of ${organizationId}${includeOus.includes('*') ? '' : ` under ${includeOus.join(', ')}`}`,
    );
    if (excludeOus.length > 0) parts.push(`not under ${excludeOus.join(', ')}`);
  }
  if (matcher.includeAccounts !== null) parts.push(`of these only ${matcher.includeAccounts.join(', ')}`);
  if (matcher.excludeAccounts.length > 0) parts.push(`never ${matcher.excludeAccounts.join(', ')}`);
  const { include = [], exclude = [] } = matcher.accountTags ?? {};
  if (include.length > 0) {
    parts.push(`of these only with ${include.map((rule) => explainTag(rule, ' or ')).join(' and ')}`);
  }
  if (exclude.length > 0) {
    parts.push(`never with ${exclude.map((rule) => explainTag(rule, ' or ')).join(', or with ')}`);
  }
  return parts.join('; ');
}

function explainRole(matcher: Matcher): string {
  const { role } = matcher;
  if (role.kind === 'ambient') return "none is assumed: the worker's own credentials are used";
  const externalId = role.externalId === null ? '' : `, with external id ${role.externalId}`;
  return role.kind === 'arn'
    ? `${role.arn}${externalId}`
    : `arn:${matcher.partition}:iam::ACCOUNT:role/${role.name} in every account${externalId}`;
}

function explainInstances(matcher: Matcher): string {
  const parts = [
    matcher.tags.length === 0
      ? 'all'
      : `with ${matcher.tags.map((rule) => explainTag(rule, ' or ')).join(' and ')}`,
  ];
  if (matcher.excludeTags.length > 0) {
    parts.push(
      `never with ${matcher.excludeTags.map((rule) => explainTag(rule, ' or ')).join(', or with ')}`,
    );
  }
  if (matcher.minInstanceAgeMs > 0) {
    parts.push(`not before ${formatDuration(matcher.minInstanceAgeMs)} after their launch`);
  }
  return parts.join('; ');
}

function explainTag(rule: TagRule, or: string): string {
  if (rule.values.length === 1 && rule.values[0] === '*') return `the tag ${rule.key}`;
  return `${rule.key}=${rule.values.map((value) => (value === '' ? '""' : value)).join(or)}`;
}

function explainSettings(config: MusterConfig): readonly string[] {
  const { limits, brake, install, inventory, labels, cleanup } = config;
  const hold = limits.holdFirstSend
    ? 'a first run waits for "muster resume" before it sends'
    : 'a first run sends at once';
  return [
    `Sending:      at most ${limits.installsInFlight} hosts under way until they have joined or failed, ${limits.installsInFlightPerAccount} per account, ${limits.installsInFlightPerTarget} per account and region; ${hold}`,
    ...explainFreeze(config.freeze),
    ...explainNotify(config.notify),
    ...explainRollout(config.rollout),
    ...explainWaves(config.rollout.waves),
    `Brake:        ${brake.enabled ? `stops when more than ${percent(brake.maxFailureShare)} of ${brake.window} hosts sent to one after another failed (from ${brake.minOutcomes} hosts on)` : 'off'}`,
    `Pacing:       ${percent(config.pacing.share)} of each account's Run Command quotas per region`,
    `Install:      ${install.executionTimeoutSeconds}s to run, ${install.deliveryTimeoutSeconds}s to be delivered, ${formatDuration(install.joinTimeoutMs)} to join; a send without an answer is settled after ${formatDuration(install.resendAfterMs)}`,
    `Retries:      first after ${formatDuration(config.backoff.transientFirstMs)}, or ${formatDuration(config.backoff.operatorFirstMs)} when an operator must act; doubling to ${formatDuration(config.backoff.capMs)}`,
    `Inventory:    ${inventory.kind === 'none' ? 'none: exit code 0 counts as success' : `${[inventory.command, ...inventory.args.map(withoutValue)].join(' ')}, every ${formatDuration(inventory.refreshMs)}; no send when older than ${formatDuration(inventory.freshnessMs)}`}`,
    `Repair:       ${explainRepair(config)}`,
    `Labels:       ${labels.enabled ? `EC2 tags as aws/TAG labels, for ${formatDuration(labels.lifetimeMs)}` : 'off'}`,
    ...(cleanup.enabled
      ? [
          `Clean-up:     nodes of instances that are gone${cleanup.leftAccounts ? ', and of accounts that left the organization' : ''}; at most ${cleanup.perHour} an hour, and ${percent(cleanup.maxShare)} of the nodes at once`,
        ]
      : []),
    ...(config.audit.file === null
      ? []
      : [`Audit:        ${config.audit.keepDays} days in ${config.audit.file}, one file a day`]),
    `Markers:      ${explainMarkerKeys(config.markerKeys.length)}`,
    `Redis:        keys begin with ${config.redis.prefix}`,
    `Console:      ${address(config.console)}${explainAccess(config.console)}; workers' health ${address(config.worker)}`,
  ];
}

function explainRollout({ ramp, askAbove }: MusterConfig['rollout']): readonly string[] {
  return [
    `Ramp:         ${ramp.off ? 'off: caps and brake alone hold a mass start back' : `a mass start begins with ${ramp.first} hosts, and ${ramp.factor} times as many each time ${percent(ramp.success)} of a step have joined`}`,
    `Changes:      one that adds more than ${percent(askAbove.share)} of the selected hosts, or more than ${askAbove.hosts}, whichever is more, waits for muster approve change`,
  ];
}

/** By what users come in; nothing where this machine alone looks. */
function explainAccess({ users, oidc, trustedProxy, password, tls }: MusterConfig['console']): string {
  const ways = [
    ...(tls === null ? [] : ['TLS']),
    ...(users === null ? [] : [`${users.length} ${users.length === 1 ? 'user' : 'users'}`]),
    ...(oidc === null ? [] : [`single sign-on by ${oidc.label}`]),
    ...(trustedProxy === null ? [] : ['a trusted proxy']),
    ...(password === null ? [] : ['a password']),
  ];
  return ways.length === 0 ? '' : `, with ${ways.join(', ')}`;
}

function explainRepair({ repair, inventory }: Pick<MusterConfig, 'repair' | 'inventory'>): string {
  if (inventory.kind === 'none') return 'none: without an inventory no host is lost';
  const lost = `a joined host that runs, and whose node is missing for ${formatDuration(inventory.lostAfterMs)}, is lost`;
  return repair.enabled
    ? `${lost} and installed again: at most ${repair.inFlight} at once, ${repair.perHour} an hour`
    : `off: ${lost}, and nothing is sent to it`;
}

function explainMarkerKeys(keys: number): string {
  if (keys === 0) {
    return 'NO KEY: a principal that may send commands in an account can forge them (muster.marker_key_file)';
  }
  return keys === 1 ? 'signed with a key' : `signed with the first of ${keys} keys, all verify`;
}

function address(at: { readonly host: string; readonly port: number }): string {
  return `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`;
}

/** A proxy's address without the user and password in it. */
function withoutUser(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@');
}

/** `--identity=…`: which option, not what it holds. */
function withoutValue(argument: string): string {
  return argument.startsWith('-') ? argument.replace(/=.*$/s, '=…') : '…';
}

function explainFreeze(windows: readonly FreezeWindow[]): readonly string[] {
  return windows.map(
    (window, index) => `${index === 0 ? 'Freeze:      ' : '             '} ${explainWindow(window)}`,
  );
}

function explainWindow({ name, units, accounts, regions, holds, times }: FreezeWindow): string {
  const where = [
    ...(units === null ? [] : [`accounts under ${units.join(' or ')}`]),
    ...(accounts === null ? [] : [`accounts ${accounts.join(', ')}`]),
    ...(regions === null ? [] : [regions.join(', ')]),
  ];
  return `${name}: no ${holds.join(', no ')}; ${where.length === 0 ? 'everywhere' : where.join('; ')}; ${explainTimes(times)}`;
}

function explainTimes(times: FreezeWindow['times']): string {
  if (times.kind === 'dated') {
    return `from ${new Date(times.fromMs).toISOString()} until ${new Date(times.toMs).toISOString()}`;
  }
  const { rule, timeZone, first, untilMs } = times.recurrence;
  const begin = first === null ? '' : `, first at ${first}`;
  const end = untilMs === null ? '' : `, last at ${new Date(untilMs).toISOString()}`;
  return `for ${formatDuration(times.durationMs)} from each start of ${rule} in ${timeZone}${begin}${end}`;
}

function explainWaves(waves: readonly Wave[]): readonly string[] {
  return waves.map(
    (wave, index) => `${index === 0 ? 'Waves:       ' : '             '} ${explainWave(wave)}`,
  );
}

function explainWave(wave: Wave): string {
  const { name, after, notBeforeMs, approvedGrowth, inFlight } = wave;
  const begins = [
    ...after.map(
      ({ wave: other, joined, forMs }) =>
        `${percent(joined)} of ${other} have joined${forMs === 0 ? '' : ` for ${formatDuration(forMs)}`}`,
    ),
    ...(notBeforeMs === null ? [] : [`it is ${new Date(notBeforeMs).toISOString()}`]),
    ...(approvedGrowth === null
      ? []
      : [`muster approve ${name} (for up to ${percent(approvedGrowth)} more hosts than were shown)`]),
  ];
  const cap = inFlight === null ? '' : `; at most ${inFlight} hosts under way`;
  return `${name}: ${explainSelection(wave)}; begins ${begins.length === 0 ? 'at once' : `when ${begins.join(' and ')}`}${cap}`;
}

function explainSelection({ units, accounts, regions, accountTags, instanceTags, share }: Wave): string {
  const parts = [
    ...(units === null ? [] : [`accounts under ${units.join(' or ')}`]),
    ...(accounts === null ? [] : [`accounts ${accounts.join(', ')}`]),
    ...(accountTags.length === 0
      ? []
      : [`accounts with ${accountTags.map((rule) => explainTag(rule, ' or ')).join(' and ')}`]),
    ...(regions === null ? [] : [regions.join(', ')]),
    ...(instanceTags.length === 0
      ? []
      : [`instances with ${instanceTags.map((rule) => explainTag(rule, ' or ')).join(' and ')}`]),
    ...(share === 1 ? [] : [`the first ${percent(share)} of the instances`]),
  ];
  return parts.length === 0 ? 'all that is left' : parts.join('; ');
}
