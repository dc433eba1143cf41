import { type Cause, causeFacts } from '@muster/core/enrollment/cause';
import type { AccountId, InstanceId, Region } from '@muster/core/organization/ids';
import {
  type Check,
  type CheckCause,
  type CheckPlace,
  passed,
  warned,
} from '@muster/core/reports/doctor/check';
import { isJobError, type JobError, messageOf } from '@muster/core/runtime/errors';
import { judgeEligibility } from '@muster/core/scan/eligibility';
import { coversRegion } from '@muster/core/scan/matcher';
import type { RoleGroup } from '@muster/core/scan/matcher-scope';
import { listManaged, listSightings, type Sighting } from '../scan/judge-target.ts';
import { deniedAction } from './probe-member.ts';
import type { ReportDeps } from './report-part.ts';

/** Regions of one account at once. */
const REGIONS_AT_ONCE = 4;

/** What came of looking into the regions of an account with one role. */
export interface RegionsSeen {
  /** Regions whose instances could be listed. */
  readonly readable: readonly Region[];
  /** Running, matched instances. */
  readonly running: ReadonlySet<InstanceId>;
  readonly online: ReadonlySet<InstanceId>;
  /** Of the running ones, those that could not be sent to; known where SSM's inventory could be read. */
  readonly hindered: Hindered;
  readonly checks: readonly Check[];
}

interface Refusal {
  readonly region: Region;
  readonly action: 'ec2:DescribeInstances' | 'ssm:DescribeInstanceInformation';
  readonly error: JobError;
}

/**
 * Lists the instances of every region, and SSM's inventory where a running one matches (and in one region in any case,
 * to see that it may). A denial or a region that is off becomes part of a check; anything else is thrown on.
 */
export async function checkRegions(
  accountId: AccountId,
  group: RoleGroup,
  regions: readonly Region[],
  signal: AbortSignal,
  deps: ReportDeps,
): Promise<RegionsSeen> {
  const readable: Region[] = [];
  const running = new Set<InstanceId>();
  const online = new Set<InstanceId>();
  const hindered: Hindered = new Map();
  const refusals: Refusal[] = [];
  let inventoryAsked = false;

  async function attempt(
    region: Region,
    action: Refusal['action'],
    work: () => Promise<void>,
  ): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!isJobError(error, 'aws.denied', 'aws.region-off')) throw error;
      refusals.push({ region, action, error });
      return false;
    }
  }

  async function look(region: Region): Promise<void> {
    const target = { accountId, region };
    const matched = new Map<InstanceId, Sighting>();
    const listed = await attempt(region, 'ec2:DescribeInstances', async () => {
      for (const [id, sighting] of await listSightings(target, [group], signal, deps, null)) {
        const { instance, owner } = sighting;
        if (owner !== null && coversRegion(owner, region) && instance.state === 'running') {
          matched.set(id, sighting);
        }
      }
    });
    if (!listed) return;
    readable.push(region);
    for (const id of matched.keys()) running.add(id);
    if (matched.size === 0 && inventoryAsked) return;
    inventoryAsked = true;
    await attempt(region, 'ssm:DescribeInstanceInformation', async () => {
      const nodes = await listManaged(target, [group], signal, deps);
      for (const [id, { instance, owner }] of matched) {
        const node = nodes.get(id);
        if (node?.pingStatus === 'Online') online.add(id);
        const judgment = judgeEligibility(instance, node, {
          nowMs: deps.clock.now(),
          minInstanceAgeMs: owner?.minInstanceAgeMs ?? 0,
        });
        if (judgment.kind === 'eligible' || !isHindrance(judgment.cause)) continue;
        hindered.set(judgment.cause, (hindered.get(judgment.cause) ?? new Set()).add(id));
      }
    });
  }

  const waiting = [...regions];
  await Promise.all(
    Array.from({ length: REGIONS_AT_ONCE }, async () => {
      for (let region = waiting.shift(); region !== undefined; region = waiting.shift()) await look(region);
    }),
  );
  return {
    readable: readable.toSorted(),
    running,
    online,
    hindered,
    checks: [
      ...judgeAction('ec2:DescribeInstances', accountId, group, refusals, readable.length > 0, deps),
      ...judgeAction('ssm:DescribeInstanceInformation', accountId, group, refusals, inventoryAsked, deps),
      ...judgeRegions(accountId, regions, refusals, deps),
    ],
  };
}

/** Denied by a policy of the role, and not by one of the organization for a region. */
function judgeAction(
  action: Refusal['action'],
  accountId: AccountId,
  group: RoleGroup,
  refusals: readonly Refusal[],
  wasAsked: boolean,
  deps: Pick<ReportDeps, 'redact'>,
): readonly Check[] {
  const denied = refusals.find(({ action: of, error }) => of === action && isOwnDenial(error));
  if (denied !== undefined) {
    return [deniedAction(action, { accountId, role: group.role }, deps.redact(messageOf(denied.error)))];
  }
  return wasAsked ? [passed('permission', 'allowed', { subject: action, accountId })] : [];
}

function isOwnDenial(error: JobError): boolean {
  return error.code === 'aws.denied' && error.details.scp !== true;
}

function judgeRegions(
  accountId: AccountId,
  regions: readonly Region[],
  refusals: readonly Refusal[],
  deps: Pick<ReportDeps, 'redact'>,
): readonly Check[] {
  const place: CheckPlace = { accountId };
  const checks: Check[] = [];
  const off = regionsOf(refusals.filter(({ error }) => error.code === 'aws.region-off'));
  if (off.length > 0) {
    checks.push(
      warned(
        'regions',
        'region-off',
        `not enabled for the account: ${off.join(', ')}`,
        `Enable it (aws account enable-region --account-id ${accountId} --region-name ${off[0] ?? ''}), or leave it out of regions.`,
        place,
      ),
    );
  }
  const byPolicy = refusals.filter(({ error }) => error.code === 'aws.denied' && !isOwnDenial(error));
  const [first] = byPolicy;
  if (first !== undefined) {
    checks.push(
      warned(
        'regions',
        'region-denied',
        `denied by a service control policy: ${regionsOf(byPolicy).join(', ')} (${deps.redact(messageOf(first.error))})`,
        'Leave the region out of regions, or exempt the member role from the policy (aws:PrincipalArn).',
        place,
      ),
    );
  }
  return checks.length > 0 ? checks : [passed('regions', `${regions.length} in scope`, place)];
}

function regionsOf(refusals: readonly Refusal[]): readonly string[] {
  return [...new Set(refusals.map(({ region }) => region))].toSorted();
}

/** Causes that keep a running host from getting a command until a person fixes them; a host that is too young is none. */
const HINDRANCES = {
  'ec2-no-instance-profile': 'agents-offline',
  'ec2-ssm-agent-not-registered': 'agents-offline',
  'ec2-ssm-agent-connection-lost': 'agents-offline',
  'ec2-ssm-agent-too-old': 'agents-too-old',
  'ec2-ssm-unsupported-os': 'hosts-not-linux',
} as const satisfies Partial<Record<Cause, CheckCause>>;
type Hindrance = keyof typeof HINDRANCES;

/** Running, matched instances by what hinders each. */
export type Hindered = Map<Hindrance, Set<InstanceId>>;

/** Ids that a detail names; `muster instances --cause` lists them all. */
const MOST_NAMED = 10;

function isHindrance(cause: Cause): cause is Hindrance {
  return cause in HINDRANCES;
}

/** The share that is online, then every hindrance with its instances; nothing when nothing runs. */
export function judgeAgents({
  accountId,
  running,
  online,
  hindered,
}: {
  readonly accountId: AccountId;
  readonly running: ReadonlySet<InstanceId>;
  readonly online: ReadonlySet<InstanceId>;
  readonly hindered: Hindered;
}): readonly Check[] {
  if (running.size === 0) return [];
  const place = { accountId };
  const share = Math.floor((100 * online.size) / running.size);
  const detail = `${online.size} of ${running.size} running matched instances are online in SSM (${share} %)`;
  const causes = (Object.keys(HINDRANCES) as Hindrance[]).filter((cause) => hindered.has(cause));
  return [
    online.size === running.size
      ? passed('agents', detail, place)
      : warned(
          'agents',
          'agents-offline',
          detail,
          'See muster plan for the cause of each: SSM agent running and 3.1 or later, an instance profile with AmazonSSMManagedInstanceCore or Default Host Management Configuration, port 443 to the ssm, ssmmessages and ec2messages endpoints.',
          place,
        ),
    ...causes.map((cause) => {
      const subject = { accountId, subject: cause };
      return warned(
        'agents',
        HINDRANCES[cause],
        describe(cause, hindered),
        causeFacts(cause).remedy,
        subject,
      );
    }),
  ];
}

function describe(cause: Hindrance, hindered: Hindered): string {
  const ids = [...(hindered.get(cause) ?? [])].toSorted();
  const more = ids.length - MOST_NAMED;
  const named = `${ids.slice(0, MOST_NAMED).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
  return `${causeFacts(cause).title}: ${named}`;
}
