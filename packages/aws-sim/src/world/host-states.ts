import type { InstanceSpec, InstanceState, SsmRegistration } from './model.ts';
import type { HostOutcome } from './outcome.ts';

/** What readers of AWS can see of a host, where it differs from its specification. */
export interface VisibleState {
  /** Null: as in its specification. */
  readonly state: InstanceState | null;
  readonly tags: Readonly<Record<string, string>> | null;
  /** Undefined: as in its specification. */
  readonly ssm: SsmRegistration | null | undefined;
  /** Real epoch milliseconds of the last start; null when it runs since before the world. */
  readonly startedAtMs: number | null;
  readonly terminatedAtMs: number | null;
  /** Real epoch milliseconds since when the agent is silent; null while it reports. */
  readonly agentLostAtMs: number | null;
}

/** A state that was: what a stale answer shows. */
interface PastState {
  readonly untilMs: number;
  readonly visible: VisibleState;
}

/** What has happened to one instance since the world began; kept only for those to which something did. */
export interface HostState {
  visible: VisibleState;
  /** Earlier visible states, oldest first; bounded. */
  readonly past: PastState[];
  outcomes: readonly HostOutcome[] | null;
  /** Whether it is to start as soon as it has stopped. */
  startsAgain: boolean;
  /** Deliveries that wait for the agent to report again. */
  readonly waiting: (() => void)[];
  /** Commands that the agent runs now. */
  readonly inHand: Set<object>;
  /** Commands that wait until the agent has a hand free. */
  readonly queued: (() => void)[];
  /** Commands of ours accepted for it. */
  accepted: number;
  /** How many of them have not ended. */
  live: number;
  /** Acceptances while another one had not ended. */
  acceptedWhileLive: number;
  /** Acceptances long after the node was there. */
  acceptedAfterJoined: number;
  /** Installer runs that were begun. */
  runs: number;
  /** Whether an installer holds the lock file. */
  locked: boolean;
  /** Whether an agent of the cluster is installed. */
  installed: boolean;
  /** Real epoch milliseconds since when the node is present; null when it is not. */
  joinedAtMs: number | null;
  /** The token of its last join; empty when it joined without. */
  joinToken: string;
  /** How the last command ended (`StatusDetails`), or null. */
  lastStatus: string | null;
  lastExitCode: number | null;
}

/** An instance as it is at some moment. */
export interface Instance extends InstanceSpec {
  readonly terminatedAtMs?: number | null;
  readonly agentLostAtMs?: number | null;
  /** Undefined for a host that nothing has happened to. */
  readonly history?: HostState;
}

/** Whether the host runs and its Systems Manager agent reports: the truth, which `PingStatus` follows late. */
export function isAgentUp(instance: Instance): boolean {
  const silent = (instance.agentLostAtMs ?? null) !== null;
  return instance.state === 'running' && instance.ssm?.pingStatus === 'Online' && !silent;
}

/** The states of all touched hosts, by instance id. */
export interface HostStates {
  get(id: string): HostState | undefined;
  /** The state of a host, made when it is not there yet. */
  touch(id: string): HostState;
  /** Changes what readers see from `atMs` on, and remembers what they saw before. */
  change(id: string, change: Partial<VisibleState>, atMs: number): void;
  entries(): IterableIterator<[string, HostState]>;
}

const UNTOUCHED: VisibleState = {
  state: null,
  tags: null,
  ssm: undefined,
  startedAtMs: null,
  terminatedAtMs: null,
  agentLostAtMs: null,
};
/** A stale answer looks back at most over so many changes of one host. */
const PAST_STATES = 16;

/** An empty book of host states. */
export function createHostStates(): HostStates {
  const states = new Map<string, HostState>();

  function touch(id: string): HostState {
    const known = states.get(id);
    if (known !== undefined) return known;
    const state: HostState = {
      visible: UNTOUCHED,
      past: [],
      outcomes: null,
      startsAgain: false,
      waiting: [],
      inHand: new Set(),
      queued: [],
      accepted: 0,
      live: 0,
      acceptedWhileLive: 0,
      acceptedAfterJoined: 0,
      runs: 0,
      locked: false,
      installed: false,
      joinedAtMs: null,
      joinToken: '',
      lastStatus: null,
      lastExitCode: null,
    };
    states.set(id, state);
    return state;
  }

  return {
    get: (id) => states.get(id),
    touch,
    change(id, change, atMs) {
      const state = touch(id);
      state.past.push({ untilMs: atMs, visible: state.visible });
      if (state.past.length > PAST_STATES) state.past.shift();
      state.visible = { ...state.visible, ...change };
    },
    entries: () => states.entries(),
  };
}

/** Lays what happened until `asOfMs` over what was made; without it, all that happened. */
export function instanceNow(
  spec: InstanceSpec,
  history: HostState | undefined,
  asOfMs = Number.POSITIVE_INFINITY,
): Instance {
  if (history === undefined) return spec;
  const past = history.past.find((entry) => entry.untilMs > asOfMs);
  const { state, tags, ssm, startedAtMs, terminatedAtMs, agentLostAtMs } = past?.visible ?? history.visible;
  return {
    ...spec,
    state: state ?? spec.state,
    outcomes: history.outcomes ?? spec.outcomes,
    tags: tags ?? spec.tags,
    ssm: ssm === undefined ? spec.ssm : ssm,
    launchedAtMs: startedAtMs ?? spec.launchedAtMs,
    terminatedAtMs,
    agentLostAtMs,
    history,
  };
}
