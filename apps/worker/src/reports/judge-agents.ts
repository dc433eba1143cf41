import { causeFacts, type Cause } from '@muster/core/enrollment/cause';
import { passed, warned, type Check, type CheckCause } from '@muster/core/reports/doctor/check';
import type { AccountId, InstanceId } from '@muster/core/organization/ids';

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

export function isHindrance(cause: Cause): cause is Hindrance {
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
          'See muster plan for the cause of each: SSM agent running and 3.1 or later, an instance profile with AmazonSSMManagedInstanceCore, port 443 to the ssm, ssmmessages and ec2messages endpoints.',
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
