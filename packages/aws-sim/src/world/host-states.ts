import type { InstanceSpec, InstanceState, SsmRegistration } from './model.ts';
import type { HostOutcome } from './outcome.ts';

/** What has happened to one instance since the world began; kept only for those to which something did. */
export interface HostState {
  /** Null: as in its specification. */
  state: InstanceState | null;
  outcomes: readonly HostOutcome[] | null;
  tags: Readonly<Record<string, string>> | null;
  /** Undefined: as in its specification. */
  ssm: SsmRegistration | null | undefined;
  /** Real epoch milliseconds of the last start; null when it runs since before the world. */
  startedAtMs: number | null;
  terminatedAtMs: number | null;
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

/** An instance as it is now. */
export interface Instance extends InstanceSpec {
  /** Undefined for a host that nothing has happened to. */
  readonly history?: HostState;
}

/** The states of all touched hosts, by instance id. */
export interface HostStates {
  get(id: string): HostState | undefined;
  /** The state of a host, made when it is not there yet. */
  touch(id: string): HostState;
  entries(): IterableIterator<[string, HostState]>;
}

/** An empty book of host states. */
export function createHostStates(): HostStates {
  const states = new Map<string, HostState>();
  return {
    get: (id) => states.get(id),
    touch(id) {
      const known = states.get(id);
      if (known !== undefined) return known;
      const state: HostState = {
        state: null,
        outcomes: null,
        tags: null,
        ssm: undefined,
        startedAtMs: null,
        terminatedAtMs: null,
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
    },
    entries: () => states.entries(),
  };
}

/** Lays what happened over what was made. */
export function instanceNow(spec: InstanceSpec, history: HostState | undefined): Instance {
  if (history === undefined) return spec;
  return {
    ...spec,
    state: history.state ?? spec.state,
    outcomes: history.outcomes ?? spec.outcomes,
    tags: history.tags ?? spec.tags,
    ssm: history.ssm === undefined ? spec.ssm : history.ssm,
    launchedAtMs: history.startedAtMs ?? spec.launchedAtMs,
    history,
  };
}
