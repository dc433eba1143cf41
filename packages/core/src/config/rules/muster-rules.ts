import { quotaOf } from '../../install/pacing.ts';
import { compileConsole } from './console-rules.ts';
import { checkListen, compileRedis, type ReadFile, readMarkerKeys } from './section-rules.ts';
import { formatDuration } from '../value-shapes.ts';
import type { EnvironmentSettings } from '../environment.ts';
import type { MusterConfig } from '../model.ts';
import type { MusterShape } from '../muster-schema.ts';
import type { Findings, Report } from '../source/report.ts';
import { compileFreeze } from './freeze-rules.ts';
import { compileNotify } from './notify-rules.ts';
import { compileWaves } from './wave-rules.ts';

/** How long AWS accepts a signed request. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html */
const SIGNATURE_VALIDITY_MS = 5 * 60_000;
const HOUR_MS = 60 * 60_000;
/** Clocks that differ, between us and AWS. */
const CLOCK_SKEW_MS = 30_000;
const SEND_WINDOW_MS = 10_000;
/** A send needs this long even in a simulation that runs faster than time. */
const SHORTEST_SEND_WINDOW_MS = 2000;

/** The compiled `muster:` section. */
export type MusterSettings = Omit<
  MusterConfig,
  'proxyServer' | 'enabled' | 'discoveryGroup' | 'pollIntervalMs' | 'matchers' | 'endsAtMs' | 'files'
>;

/** With a share of zero, calls would wait forever. */
const SMALLEST_SHARE = 0.01;

/** Checks the section's rules between keys, applies the environment variables, and turns durations into scaled milliseconds. */
export function compileMuster(
  shape: MusterShape,
  environment: EnvironmentSettings,
  readFile: ReadFile | null,
  findings: Findings,
  report: Report,
): MusterSettings {
  checkOrder(shape, report);
  const { speed } = environment;
  const scaled = (ms: number) => scale(ms, speed);
  const { limits, pacing, install, backoff, inventory, repair, labels, cleanup, worker } = shape;
  const perAccount = limits.installs_in_flight_per_account ?? Math.min(250, limits.installs_in_flight);
  const resendAfterMs = checkResendAfter(shape, report);
  return {
    redis: compileRedis(shape, environment, readFile, findings, report),
    limits: {
      installsInFlight: limits.installs_in_flight,
      installsInFlightPerAccount: perAccount,
      installsInFlightPerTarget: limits.installs_in_flight_per_target ?? Math.min(100, perAccount),
      holdFirstSend: limits.hold_first_send,
    },
    freeze: compileFreeze(shape.freeze, report.within(['freeze'])),
    notify: compileNotify(shape.notify, readFile, report.within(['notify'])),
    rollout: compileRollout(shape, scaled, report),
    brake: compileBrake(shape),
    pacing: {
      share: Math.max(SMALLEST_SHARE, pacing.share),
      quotas: {
        'ssm:SendCommand': quotaOf(pacing.send_commands_per_second, speed),
        'ssm:ListCommandInvocations': quotaOf(pacing.list_invocations_per_second, speed),
        'ssm:DescribeInstanceInformation': quotaOf(pacing.describe_nodes_per_second, speed),
      },
    },
    install: {
      executionTimeoutSeconds: seconds(install.timeout ?? environment.installTimeoutMs ?? 300_000),
      deliveryTimeoutSeconds: seconds(install.delivery_timeout),
      joinTimeoutMs: scaled(install.join_timeout),
      visibilityMs: scaled(install.visibility),
      resendAfterMs: scaled(resendAfterMs),
      sendWindowMs: Math.max(SHORTEST_SEND_WINDOW_MS, scaled(SEND_WINDOW_MS)),
      pollFirstMs: scaled(install.poll_first),
      pollMaxMs: scaled(install.poll_max),
      outputChars: install.output_chars,
    },
    backoff: {
      operatorFirstMs: scaled(backoff.operator_first),
      transientFirstMs: scaled(backoff.transient_first),
      capMs: scaled(backoff.cap),
    },
    inventory:
      inventory.source === 'none'
        ? { kind: 'none' }
        : {
            kind: 'tctl',
            command: inventory.command,
            args: inventory.args,
            refreshMs: scaled(inventory.refresh),
            freshnessMs: scaled(inventory.freshness),
            timeoutMs: inventory.timeout,
            maxDropShare: inventory.max_drop_share,
            lostAfterMs: scaled(inventory.lost_after),
          },
    repair: {
      enabled: repair.enabled,
      inFlight: repair.in_flight,
      perHour: repair.per_hour,
      hourMs: scaled(HOUR_MS),
    },
    shownTags: checkShownTags(shape, report),
    labels: {
      enabled: labels.enabled && inventory.source === 'tctl',
      lifetimeMs: scaled(labels.lifetime),
      perSecond: labels.per_second * speed,
    },
    otherDiscovery: { hold: shape.other_discovery.hold, ignore: shape.other_discovery.ignore },
    cleanup: {
      enabled: cleanup.enabled && inventory.source === 'tctl',
      perHour: cleanup.per_hour,
      maxShare: cleanup.max_share,
      leftAccounts: cleanup.left_accounts,
      hourMs: scaled(HOUR_MS),
    },
    audit: { file: shape.audit.file ?? null, keepDays: shape.audit.keep_days, log: shape.audit.log },
    console: compileConsole(shape.console, environment, readFile, findings, report.within(['console'])),
    markerKeys: readMarkerKeys(shape, environment, readFile, findings, report),
    worker: {
      discoveryConcurrency: worker.discovery_concurrency,
      enrollmentConcurrency: worker.enrollment_concurrency,
      shutdownMs: worker.shutdown,
      ...(environment.workerListen ?? checkListen(worker.listen, ['worker', 'listen'], report)),
    },
    paused: shape.paused,
    speed,
  };
}

/** A record stays small: each key is a tag's value, up to 256 characters, per instance. */
const MOST_SHOWN_TAGS = 10;

function checkShownTags({ shown_tags: keys }: MusterShape, report: Report): readonly string[] {
  if (keys.length > MOST_SHOWN_TAGS) {
    report.fault(
      ['shown_tags'],
      `names ${keys.length} tags: Muster keeps ${MOST_SHOWN_TAGS} of an instance at most`,
    );
  }
  return [...new Set(keys)];
}

function compileBrake({ brake }: MusterShape): MusterSettings['brake'] {
  return {
    enabled: brake.enabled,
    window: brake.window,
    minOutcomes: brake.min_outcomes,
    maxFailureShare: brake.max_failure_share,
  };
}

function compileRollout(
  { rollout, inventory }: MusterShape,
  scaled: (ms: number) => number,
  report: Report,
): MusterSettings['rollout'] {
  const at = report.within(['rollout', 'waves']);
  const waves = compileWaves(rollout.waves, scaled, at);
  // Without an inventory a host is installed for good, and none of a wave ever counts as joined.
  const needs = waves.filter(({ after, inFlight }) => after.length > 0 || inFlight !== null);
  if (inventory.source === 'none' && needs.length > 0) {
    at.note(
      [],
      `${needs.map(({ name }) => name).join(', ')}: without an inventory (inventory.source: none) no host ever counts as joined, so after never holds and in_flight fills up for good: write after: {wave: none} and no in_flight, for rest too`,
    );
  }
  return { askAbove: rollout.ask_above, ramp: rollout.ramp, waves };
}

/** A pause of ours, in a simulation that runs `speed` times faster than time; never less than a millisecond. */
export function scale(ms: number, speed: number): number {
  return speed === 1 ? ms : Math.max(1, Math.round(ms / speed));
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

/** Keys of which one must not be smaller than the other. */
function checkOrder(shape: MusterShape, report: Report): void {
  const { limits, rollout, brake, install, backoff, inventory } = shape;
  const atLeast = (large: number, small: number, path: readonly string[], name: string) => {
    if (large < small) report.fault(path, `must be at least ${name} (${formatDuration(small)})`);
  };
  if (brake.min_outcomes > brake.window) {
    report.fault(
      ['brake', 'min_outcomes'],
      `must be at most window (${brake.window}): the brake would never work`,
    );
  }
  if (rollout.ramp.success === 0) {
    report.fault(['rollout', 'ramp', 'success'], 'must be more than 0: steps would grow whatever fails');
  }
  atLeast(install.poll_max, install.poll_first, ['install', 'poll_max'], 'poll_first');
  atLeast(backoff.cap, backoff.operator_first, ['backoff', 'cap'], 'operator_first');
  atLeast(backoff.cap, backoff.transient_first, ['backoff', 'cap'], 'transient_first');
  atLeast(inventory.freshness, inventory.refresh, ['inventory', 'freshness'], 'refresh');
  if (inventory.source === 'tctl' && inventory.command === '') {
    report.fault(['inventory', 'command'], 'must name a program, such as tctl');
  }
  const perAccount = limits.installs_in_flight_per_account;
  const perTarget = limits.installs_in_flight_per_target;
  if (perAccount !== undefined && perAccount > limits.installs_in_flight) {
    report.note(
      ['limits', 'installs_in_flight_per_account'],
      `never reached: installs_in_flight is ${limits.installs_in_flight}`,
    );
  }
  if (perTarget !== undefined && perTarget > (perAccount ?? Math.min(250, limits.installs_in_flight))) {
    report.note(
      ['limits', 'installs_in_flight_per_target'],
      'never reached: an account may have fewer in flight',
    );
  }
}

/** If it were shorter, a request signed before a freeze could still be accepted after we had sent again. */
function checkResendAfter(shape: MusterShape, report: Report): number {
  const least = SEND_WINDOW_MS + SIGNATURE_VALIDITY_MS + CLOCK_SKEW_MS + shape.install.visibility;
  const given = shape.install.resend_after;
  if (given !== undefined && given < least) {
    report.fault(
      ['install', 'resend_after'],
      `must be at least ${formatDuration(least)} (the send itself 10s, the validity of a signature 5m, clocks 30s, visibility ${formatDuration(shape.install.visibility)}): a host could be sent to twice`,
    );
  }
  return given ?? least;
}
