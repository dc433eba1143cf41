/** The dry run of an action: whom it would touch and what would happen. It writes the plan and nothing else. */
import { type InstanceId, InstanceId as InstanceIdShape } from '../../organization/ids.ts';
import type { EnrollmentState } from '../../enrollment/record.ts';
import { stepsOfHealthyRamp } from '../../rollout/ramp/ramp.ts';
import { plural } from '../../runtime/wording.ts';
import { faultOfScope } from '../known-scope.ts';
import type { Ledger } from '../ledger.ts';
import { readResumeEffects } from '../resume-effects.ts';
import { printScope, type Scope } from '../scope.ts';
import { liveCommands, nameAccounts, readTouched, targetsIn, type Touched } from '../touched-hosts.ts';
import {
  type ActionFacts,
  type ActionKind,
  type ActionPart,
  type ActionSelection,
  IDS_SHOWN,
  type PlanFacts,
} from './action.ts';
import type { Draft, PlanDeps, PlanFault, PlanResult, Requested } from './plan.ts';
import { draftApproval, draftInventory, draftSweep } from './plan-one-step.ts';
import {
  chooseHosts,
  type ChosenHosts,
  judgeAny,
  judgeCancel,
  judgeRetry,
  NOT_KNOWN,
} from './choose-hosts.ts';
import { describeResume, faultOfPause, resumeOfHosts } from './plan-pauses.ts';
import { pinResume } from './scopes-of-action.ts';

/** Hosts that a filter may give. Beyond that a scope names them better. */
const MOST_BY_FILTER = 100_000;
/** Each is a standing order that every send looks at. */
const MOST_PAUSES = 100;

/** Plans one action, and keeps the plan for an hour: `startAction` begins it. */
export async function planAction(deps: PlanDeps, kind: ActionKind, asked: Requested): Promise<PlanResult> {
  const draft = await draftOf(deps, kind, asked);
  if ('fault' in draft) return draft;
  const { about, plan, parts = [], total = plan.hosts, pinned = null } = draft;
  const facts: ActionFacts = { kind, selection: selectionOf(asked), about, plan, pinned };
  const id = deps.newId();
  const skipped = plan.skipped.reduce((sum, { hosts }) => sum + hosts, 0);
  await deps.ledger.actions.plan(id, facts, parts, { total, skipped });
  return { plan: { id, facts } };
}

function draftOf(deps: PlanDeps, kind: ActionKind, asked: Requested): Promise<Draft | PlanFault> {
  switch (kind) {
    case 'approve':
      return draftApproval(deps, asked);
    case 'accept-inventory':
      return draftInventory(deps, asked);
    case 'sweep':
      return draftSweep(deps, asked);
    case 'retry':
    case 'cancel':
    case 'pause':
    case 'resume':
      return asked.kind === 'scope' ? draftScope(deps, kind, asked.scope) : draftHosts(deps, kind, asked);
    default:
      return kind satisfies never;
  }
}

type HostAct = 'retry' | 'cancel' | 'pause' | 'resume';

/** Targets that a retry of a scope goes through: those with hosts that wait for their back-off, too. */
const RETRIED = ['queued', 'failed', 'ineligible', 'lost'] as const satisfies readonly EnrollmentState[];

async function draftScope(deps: PlanDeps, kind: HostAct, scope: Scope): Promise<Draft | PlanFault> {
  const { ledger, config } = deps;
  if (kind === 'cancel' && scope.kind === 'cause') {
    return { fault: 'a live command has no cause yet: cancel by account, region or instance' };
  }
  const fault = await faultOfScope(ledger, scope, kind === 'resume');
  if (fault !== null) return { fault };
  const resume = kind === 'resume' ? await readResumeEffects(ledger, config, scope) : null;
  const touched = await readTouched(ledger, kind, scope, new Set(resume?.stillPaused ?? []));
  const commands = kind === 'cancel' ? (await liveCommands(ledger, scope)).length : 0;
  const parts = await partsOfScope(deps, kind, scope);
  const effect = await effectOf(deps, kind, touched, { scope, commands, ends: resume?.ends ?? [] });
  return {
    about: printScope(scope),
    plan: { ...figures(touched), effect, skipped: [], ramp: rampOf(deps, kind, scope, touched.hosts) },
    parts,
    ...(resume === null ? {} : { pinned: pinResume({ pins: [...resume.pins], gone: [] }) }),
  };
}

async function partsOfScope(
  { ledger }: PlanDeps,
  kind: HostAct,
  scope: Scope,
): Promise<readonly ActionPart[]> {
  if (kind !== 'retry' && kind !== 'cancel') return [];
  const states = kind === 'retry' ? RETRIED : (['sending', 'installing'] as const);
  const ids = scope.kind === 'instance' ? [scope.value] : null;
  return (await targetsIn(ledger, scope, states)).map((target) => ({ target, ids }));
}

async function draftHosts(deps: PlanDeps, kind: HostAct, asked: Requested): Promise<Draft | PlanFault> {
  const { ledger, clock } = deps;
  const ids = await idsOf(asked);
  if (ids === null) {
    return { fault: `the filter gives more than ${MOST_BY_FILTER} hosts: name a scope instead` };
  }
  if (asked.kind === 'subject') return { fault: `${kind} is about a scope, instances or a filter` };
  if ((kind === 'pause' || kind === 'resume') && ids.length > MOST_PAUSES) {
    return {
      fault: `${ids.length} instances are too many to ${kind} one by one (at most ${MOST_PAUSES}): ${kind} their account, region or cause`,
    };
  }
  const judge = kind === 'retry' ? judgeRetry : kind === 'cancel' ? judgeCancel : judgeAny;
  const chosen = await chooseHosts(ledger, ids, judge, clock.now());
  const fault = kind === 'pause' ? faultOfPause(asked, chosen) : null;
  if (fault !== null) return fault;
  const resume = kind === 'resume' ? await resumeOfHosts(deps, chosen) : null;
  const gone = resume?.gone ?? [];
  const touched = await touchedOf(ledger, chosen);
  const by = asked.kind === 'filter' ? ` by the filter ${printFilter(asked.filter)}` : ' of a list';
  const ends = resume?.ends ?? [];
  const effect = await effectOf(deps, kind, touched, { scope: null, commands: 0, ends, held: resume?.held });
  return {
    about: `${plural(chosen.total, 'host')}${by}`,
    plan: {
      ...figures(touched),
      effect,
      skipped: [...chosen.skipped]
        .map(([reason, hosts]) => ({ reason, hosts: hosts - (reason === NOT_KNOWN ? gone.length : 0) }))
        .filter(({ hosts }) => hosts > 0),
      ramp: rampOf(deps, kind, null, touched.hosts),
    },
    parts: chosen.parts,
    total: chosen.total,
    ...(resume === null ? {} : { pinned: pinResume({ pins: [...resume.pins], gone: [...gone] }) }),
  };
}

/** Null when there are too many. */
async function idsOf(asked: Requested): Promise<readonly InstanceId[] | null> {
  if (asked.kind === 'list') return asked.ids;
  const ids: InstanceId[] = [];
  if (asked.kind !== 'filter') return ids;
  for await (const id of asked.ids) {
    const known = InstanceIdShape.safeParse(id);
    if (known.success) ids.push(known.data);
    if (ids.length > MOST_BY_FILTER) return null;
  }
  return ids;
}

/** Accounts that a plan names. */
const ACCOUNTS_NAMED = 5;

async function touchedOf(ledger: Ledger, { byAccount }: ChosenHosts): Promise<Touched> {
  const accounts = [...byAccount].toSorted(([, a], [, b]) => b - a);
  return {
    hosts: accounts.reduce((sum, [, hosts]) => sum + hosts, 0),
    accounts: accounts.length,
    some: await nameAccounts(
      ledger,
      accounts
        .slice(0, ACCOUNTS_NAMED)
        .map(([id, hosts]) => [id as Touched['some'][number]['accountId'], hosts]),
    ),
  };
}

function figures({ hosts, accounts, some }: Touched): Pick<PlanFacts, 'hosts' | 'accounts' | 'some'> {
  return { hosts, accounts, some: some.map((one) => ({ ...one })) };
}

/** What would happen, in sentences. */
async function effectOf(
  { ledger }: PlanDeps,
  kind: HostAct,
  { hosts }: Touched,
  more: {
    readonly scope: Scope | null;
    readonly commands: number;
    readonly ends: readonly string[];
    readonly held?: ReadonlyMap<string, number> | undefined;
  },
): Promise<string> {
  const those = plural(hosts, 'host');
  switch (kind) {
    case 'retry':
      return `${those} will be tried again without waiting for their back-off.${await waitOf(ledger, more.scope)}`;
    case 'cancel':
      return `SSM is asked to cancel ${more.commands > 0 ? `${plural(more.commands, 'live command')} of ${those}` : `the live commands of ${those}`}. What already ran on a host stays.`;
    case 'pause':
      return `No send starts after this. ${those} that wait, or may be sent to after their back-off, stay as they are; commands under way run on.`;
    case 'resume':
      return describeResume(hosts, more.ends, more.held);
    default:
      return kind satisfies never;
  }
}

/** That a pause holds the whole scope all the same. */
async function waitOf({ control }: Ledger, scope: Scope | null): Promise<string> {
  const pauses = new Set<string>((await control.pauses()).map((pause) => pause.scope));
  const held = pauses.has('all')
    ? 'all'
    : scope?.kind === 'account' || scope?.kind === 'region'
      ? [...pauses].find((one) => one === printScope(scope))
      : undefined;
  return held === undefined ? '' : ` A pause of ${held} holds them until it is resumed.`;
}

/** How a retry begins small. @param scope null for a list */
function rampOf({ config }: PlanDeps, kind: HostAct, scope: Scope | null, hosts: number): string | null {
  const rule = config.rollout.ramp;
  if (kind !== 'retry' || rule.off || scope?.kind === 'instance' || hosts <= rule.first) return null;
  const steps = stepsOfHealthyRamp(rule, hosts, config.limits.installsInFlight);
  return `It begins with ${plural(rule.first, 'host')}, and ${rule.factor} times as many each time ${Math.round(rule.success * 100)} % of a step have joined: ${plural(steps.length, 'step')} when all is well.`;
}

function selectionOf(asked: Requested): ActionSelection {
  switch (asked.kind) {
    case 'scope':
      return { scope: printScope(asked.scope) };
    case 'list':
      return { instances: asked.ids.slice(0, IDS_SHOWN) };
    case 'filter':
      return { filter: { ...asked.filter } };
    case 'subject':
      return { subject: asked.subject };
    default:
      return asked satisfies never;
  }
}

/** Of a filter's words, in characters. */
const FILTER_SHOWN = 300;

/** `state=failed cause=host-disk-full`. */
function printFilter(filter: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([word, value]) => `${word}=${Array.isArray(value) ? value.join(',') : String(value)}`);
  return words.join(' ').slice(0, FILTER_SHOWN);
}
