import { plainName } from '@muster/core/control/findings';
import type { JobContext } from '@muster/core/jobs/define-job';
import {
  discoveryAtWork,
  type OtherDiscovery,
  overlapsMatcher,
  withoutIgnored,
} from '@muster/core/rollout/other-discovery';
import { isJobError } from '@muster/core/runtime/errors';
import type { Matcher } from '@muster/core/scan/matcher';
import type { HandlerDeps } from '../deps.ts';

/**
 * Looks for Discovery Services of Teleport that may enroll the same hosts, before the inventory that lets sends begin is
 * published. A look that fails leaves what the last one found.
 */
export async function lookForOtherDiscovery(
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'teleport'>,
): Promise<void> {
  const { ledger, config, clock } = deps;
  if (config.inventory.kind === 'none') return;
  const before = await ledger.otherDiscovery.read();
  const nowMs = clock.now();
  // The inventory is read more often while hosts are on their way to joined.
  if (nowMs - before.readAtMs < config.inventory.refreshMs) return tell(before.others, deps);
  try {
    const reading = await deps.teleport.readDiscovery(ctx.signal);
    const others = discoveryAtWork(reading, config.discoveryGroup, nowMs);
    await ledger.otherDiscovery.put({ readAtMs: nowMs, others });
    await tell(others, deps);
  } catch (error) {
    if (ctx.signal.aborted || !isJobError(error, 'teleport.unavailable', 'teleport.invalid')) throw error;
    ctx.log.warn({ err: error }, 'no word on Discovery Services of Teleport');
  }
}

/** Overlaps that the finding names. */
const NAMED = 5;

async function tell(
  others: readonly OtherDiscovery[],
  { ledger, config, clock }: Pick<HandlerDeps, 'ledger' | 'config' | 'clock'>,
): Promise<void> {
  const { hold, ignore } = config.otherDiscovery;
  const overlaps = withoutIgnored(others, ignore).flatMap((other) => overlapsOf(other, config.matchers));
  if (overlaps.length === 0) {
    const told = await ledger.control.raised(['other-discovery'], 'all');
    if (told.size > 0) await ledger.control.clear('other-discovery', 'all');
    return;
  }
  const more = overlaps.length > NAMED ? `; and ${overlaps.length - NAMED} more` : '';
  await ledger.control.raise({
    kind: 'other-discovery',
    scope: 'all',
    sinceMs: clock.now(),
    message: `A Discovery Service of Teleport may enroll hosts that Muster enrolls, and neither waits for the other: ${overlaps.slice(0, NAMED).join('; ')}${more}. ${hold ? 'Muster sends nothing where the two overlap.' : 'Muster sends all the same (muster.other_discovery.hold is false).'}`,
    remedy:
      'Let one of the two enroll these hosts. To end the other service, set discovery_service.enabled: false in the teleport.yaml of its host, or take ec2 out of the types of its matchers; to end a resource, run: tctl rm discovery_config/NAME. Muster goes on by itself within twenty minutes. To keep both, give them different accounts, regions or tags. When the other enrolls none of these hosts, name it in muster.other_discovery.ignore.',
  });
}

/** One sentence for each pair of matchers that are not provably disjoint. */
function overlapsOf(other: OtherDiscovery, ours: readonly Matcher[]): readonly string[] {
  const who = describe(other);
  if (other.matchers === null) {
    return [
      `${who} does not show its matchers to the identity of tctl, or to this release of Teleport, so it may enroll any host`,
    ];
  }
  return other.matchers.flatMap((theirs, index) =>
    ours
      .filter((matcher) => overlapsMatcher(theirs, matcher))
      .map(({ label }) => `EC2 matcher ${index + 1} of ${who} overlaps Muster’s matcher ${label}`),
  );
}

function describe({ id, hostname, group }: OtherDiscovery): string {
  const host = hostname === '' ? '' : ` on ${plainName(hostname)}`;
  const of = group === '' ? '' : `, group ${plainName(group)}`;
  return id.startsWith('discovery_config/')
    ? `the resource ${plainName(id)}${of}`
    : `the Discovery Service${host} (host ${plainName(id)}${of})`;
}
