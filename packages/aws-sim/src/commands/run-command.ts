import type { SimClock } from '../clock/sim-clock.ts';
import { between, hashNumbers, hashText } from '../world/hash.ts';
import { type Instance, isAgentUp } from '../world/host-states.ts';
import { type HostOutcome, outcomeOfRun } from '../world/outcome.ts';
import { findInstance, type World } from '../world/world.ts';
import {
  allowedConcurrency,
  allowedErrors,
  type Command,
  type Invocation,
  type InvocationEnd,
  type Refusal,
} from './command.ts';
import { hostJoin } from './host-membership.ts';
import type { HostNetwork } from './host-network.ts';
import { type HostRun, plannedMs, runOnHost, type ScriptEnd } from './host-run.ts';
import { type Instructions, readInstructions } from './instructions.ts';

/**
 * The life of an accepted command. Hosts get it in waves: one first, then twice as many as have acknowledged, up to
 * MaxConcurrency; none any more once MaxErrors is passed. A host that is there takes it up after a moment and runs it;
 * one that is not leaves it waiting. The agent ends what runs longer than the execution timeout, the service ends
 * whatever has no answer when both timeouts together are over.
 */
export interface RunCommandDeps {
  readonly world: World;
  readonly clock: SimClock;
  readonly network: () => HostNetwork;
}

interface Dispatch {
  readonly deps: RunCommandDeps;
  readonly command: Command;
  readonly waiting: Invocation[];
  readonly instructions: Map<string, Instructions>;
  /** Drops the end of both timeouts, once nothing is left to time out. */
  cancelTimeout: () => void;
  limit: number;
  /** Delivered, or being delivered, and not over. */
  readonly running: Set<Invocation>;
  /** Scripts that are on their way to an end, with the boot of the host they run on. */
  readonly progressing: Map<Invocation, number>;
  errors: number;
}

/** How long it takes a host that is there to acknowledge a command, in simulated milliseconds. */
const ACKNOWLEDGE_MS = 150;

/** Where each command is, for those who want to stop it. */
const dispatches = new WeakMap<Command, Dispatch>();

/** Starts the life of a command. */
export function startCommand(deps: RunCommandDeps, command: Command): void {
  const dispatch: Dispatch = {
    deps,
    command,
    waiting: command.invocations.slice(),
    instructions: new Map(),
    cancelTimeout: () => {},
    limit: 1,
    running: new Set(),
    progressing: new Map(),
    errors: 0,
  };
  dispatches.set(command, dispatch);
  for (const invocation of command.invocations) recordAcceptance(deps, invocation);
  const totalMs = (command.timeoutSeconds + command.executionSeconds) * 1000;
  dispatch.cancelTimeout = deps.clock.after(totalMs, () => {
    for (const invocation of command.invocations) {
      if (!isProgressing(dispatch, invocation)) finish(dispatch, invocation, noAnswer('DeliveryTimedOut'));
    }
  });
  release(dispatch);
}

/** Asks for a command to stop: what waits is canceled, what runs after a moment, what is over stays as it is. */
export function cancelCommand(deps: RunCommandDeps, command: Command, instanceIds: readonly string[]): void {
  const nowMs = deps.clock.nowMs();
  if (instanceIds.length === 0) command.cancelledAtMs ??= nowMs;
  for (const invocation of command.invocations) {
    if (instanceIds.length > 0 && !instanceIds.includes(invocation.instanceId)) continue;
    if (invocation.endedAtMs !== null) continue;
    invocation.cancellingAtMs ??= nowMs;
    const reach = invocation.startedAtMs === null ? 200 : 1_500;
    deps.clock.after(reach, () => {
      const dispatch = dispatches.get(command);
      if (dispatch !== undefined) finish(dispatch, invocation, noAnswer('Cancelled'));
    });
  }
}

function noAnswer(details: InvocationEnd['details']): InvocationEnd {
  return { details, exitCode: -1, stdout: '', stderr: '' };
}

function release(dispatch: Dispatch): void {
  const { command, deps } = dispatch;
  const most = allowedConcurrency(command);
  while (dispatch.running.size < Math.min(dispatch.limit, most)) {
    const next = dispatch.waiting.shift();
    if (next === undefined) return;
    if (next.endedAtMs !== null || next.cancellingAtMs !== null) continue;
    dispatch.running.add(next);
    deps.clock.after(ACKNOWLEDGE_MS, () => {
      dispatch.limit = Math.min(most, dispatch.limit * 2);
      release(dispatch);
    });
    deliver(dispatch, next);
  }
}

const REFUSALS: Readonly<Partial<Record<HostOutcome['kind'], Refusal>>> = {
  terminated: 'Terminated',
  'invalid-platform': 'InvalidPlatform',
  'access-denied': 'AccessDenied',
};

function deliver(dispatch: Dispatch, invocation: Invocation): void {
  const { deps } = dispatch;
  const host = findInstance(deps.world, invocation.instanceId);
  const [fastest, slowest] = deps.world.latency.pickupMs;
  const pickupMs = between(rollFor(deps.world, invocation, 'pickup'), fastest, slowest);
  const state = deps.world.hosts.touch(invocation.instanceId);
  const { kind } = outcomeOfRun(host?.outcomes ?? [], state.runs);
  const refusal = invocation.refusal ?? REFUSALS[kind];
  if (refusal !== undefined) {
    if (invocation.refusal === null) state.runs += 1;
    deps.clock.after(ACKNOWLEDGE_MS, () => {
      finish(dispatch, invocation, noAnswer(refusal));
    });
    return;
  }
  if (host === undefined || !isAgentUp(host) || kind === 'undeliverable') {
    leaveUndelivered(dispatch, invocation, host, pickupMs);
    return;
  }
  deps.clock.after(pickupMs, () => {
    void takeUp(dispatch, invocation);
  });
}

/**
 * The service tries for the delivery timeout; some hosts then count as undeliverable, others only time out. One that is
 * back before gets the command late.
 */
function leaveUndelivered(
  dispatch: Dispatch,
  invocation: Invocation,
  host: Instance | undefined,
  pickupMs: number,
): void {
  const { deps, command } = dispatch;
  deps.clock.after(pickupMs, () => {
    invocation.delayedAtMs ??= deps.clock.nowMs();
  });
  const state = deps.world.hosts.touch(invocation.instanceId);
  const outcome = outcomeOfRun(host?.outcomes ?? [], state.runs);
  if (outcome.kind === 'undeliverable') {
    state.runs += 1;
    if (outcome.runs === true && host !== undefined) void runUnseen(dispatch, host, invocation);
  } else {
    waitForAgent(dispatch, invocation);
  }
  if (
    outcome.kind !== 'undeliverable' &&
    hashText(deps.world.seed, `undelivered/${invocation.instanceId}`) % 2 === 0
  ) {
    return;
  }
  deps.clock.after(command.timeoutSeconds * 1000, () => {
    if (invocation.startedAtMs === null) finish(dispatch, invocation, noAnswer('Undeliverable'));
  });
}

/** Delivers again as soon as the agent of the host reports, when that is not too late. */
function waitForAgent(dispatch: Dispatch, invocation: Invocation): void {
  const { deps } = dispatch;
  const [soonest] = deps.world.latency.pickupMs;
  deps.world.hosts.touch(invocation.instanceId).waiting.push(() => {
    deps.clock.after(soonest, () => {
      void takeUp(dispatch, invocation);
    });
  });
}

/** `Undeliverable` proves nothing: here the installer runs all the same, and SSM does not learn of it. */
async function runUnseen(dispatch: Dispatch, host: Instance, invocation: Invocation): Promise<void> {
  await runOnHost({ ...hostRun(dispatch, host, invocation), outcome: { kind: 'joins' } });
}

/** An agent works on so many commands at once; the others wait. */
const COMMANDS_AT_ONCE = 5;
/** Exit code with which a script asks the agent on Linux to reboot. */
const REBOOT = 194;
const REBOOT_MS = 20_000;

async function takeUp(dispatch: Dispatch, invocation: Invocation): Promise<void> {
  const { deps, command } = dispatch;
  const host = findInstance(deps.world, invocation.instanceId);
  if (invocation.endedAtMs !== null || invocation.cancellingAtMs !== null) return;
  if (host === undefined || !isAgentUp(host)) {
    invocation.delayedAtMs ??= deps.clock.nowMs();
    waitForAgent(dispatch, invocation);
    return;
  }
  const state = deps.world.hosts.touch(host.id);
  if (state.inHand.size >= COMMANDS_AT_ONCE) {
    state.queued.push(() => {
      if (invocation.endedAtMs === null) void takeUp(dispatch, invocation);
      else state.queued.shift()?.();
    });
    return;
  }
  state.inHand.add(invocation);
  invocation.startedAtMs = deps.clock.nowMs();
  const bootedAtMs = host.launchedAtMs;
  const run = hostRun(dispatch, host, invocation);
  state.runs += 1;
  const executionMs = command.executionSeconds * 1000;
  if (plannedMs(run.outcome, run.installMs) > executionMs) {
    if (run.outcome.kind === 'vanishes') return;
    deps.clock.after(executionMs, () => {
      if (!isStillUp(deps, invocation, bootedAtMs)) return;
      finish(dispatch, invocation, { ...noAnswer('ExecutionTimedOut'), exitCode: 137 });
    });
    return;
  }
  dispatch.progressing.set(invocation, bootedAtMs);
  let ended = await runOnHost(run);
  // The agent reboots the host for this code and runs the step again, whose result counts then.
  for (let reboots = 0; ended?.exitCode === REBOOT && reboots < 3; reboots += 1) {
    await deps.clock.sleep(REBOOT_MS);
    const again = hostRun(dispatch, host, invocation);
    state.runs += 1;
    ended = await runOnHost(again);
  }
  dispatch.progressing.delete(invocation);
  // A host that went down in between never reports; the service gives it up at the end of both timeouts.
  if (ended === null || !isStillUp(deps, invocation, bootedAtMs)) return;
  finish(dispatch, invocation, scriptEnd(ended));
}

/**
 * Whether a script is going to end by itself. Its exchanges with the proxy take real time, which a fast clock turns into
 * long delays: those must not make a healthy host miss the end of the timeouts.
 */
function isProgressing(dispatch: Dispatch, invocation: Invocation): boolean {
  const bootedAtMs = dispatch.progressing.get(invocation);
  return bootedAtMs !== undefined && isStillUp(dispatch.deps, invocation, bootedAtMs);
}

function isStillUp(deps: RunCommandDeps, invocation: Invocation, bootedAtMs: number): boolean {
  const now = findInstance(deps.world, invocation.instanceId);
  return now !== undefined && isAgentUp(now) && now.launchedAtMs === bootedAtMs;
}

function scriptEnd(ended: ScriptEnd): InvocationEnd {
  return { details: ended.exitCode === 0 ? 'Success' : 'Failed', ...ended };
}

function hostRun(dispatch: Dispatch, host: Instance, invocation: Invocation): HostRun {
  const { deps, command } = dispatch;
  const state = deps.world.hosts.touch(host.id);
  const [fastest, slowest] = deps.world.latency.installMs;
  return {
    outcome: outcomeOfRun(host.outcomes, state.runs),
    instructions: instructionsFor(dispatch, invocation.platformType),
    network: deps.network(),
    installMs: between(rollFor(deps.world, invocation, 'install'), fastest, slowest),
    sleep: (simMs) => deps.clock.sleep(simMs),
    installed: state.installed,
    join: (token, url) => hostJoin({ ...deps, network: deps.network() }, host, token, url),
    lock: {
      take() {
        const free = !state.locked;
        state.locked = true;
        return free;
      },
      release() {
        state.locked = false;
      },
    },
    markInstalled: () => {
      if (command.account.state !== 'CLOSED') state.installed = true;
    },
  };
}

function instructionsFor(dispatch: Dispatch, platformType: string): Instructions {
  const known = dispatch.instructions.get(platformType);
  if (known !== undefined) return known;
  const read = readInstructions(dispatch.command.document, dispatch.command.values, platformType);
  dispatch.instructions.set(platformType, read);
  return read;
}

/** Depends on the host and on how often it was asked, never on the command: the same seed, the same delays. */
function rollFor(world: World, invocation: Invocation, what: string): number {
  const runs = world.hosts.get(invocation.instanceId)?.accepted ?? 0;
  return hashNumbers(hashText(world.seed, `${what}/${invocation.instanceId}`), runs);
}

function finish(dispatch: Dispatch, invocation: Invocation, how: InvocationEnd): void {
  if (!endInvocation(dispatch.deps, invocation, how)) return;
  if (dispatch.command.open === 0) dispatch.cancelTimeout();
  dispatch.running.delete(invocation);
  if (how.details === 'Failed' || how.details === 'ExecutionTimedOut') dispatch.errors += 1;
  if (dispatch.errors > allowedErrors(dispatch.command)) {
    for (const rest of dispatch.waiting.splice(0)) endInvocation(dispatch.deps, rest, noAnswer('Terminated'));
  }
  release(dispatch);
}

/** Ends an invocation; false when it was over already. */
function endInvocation(deps: RunCommandDeps, invocation: Invocation, how: InvocationEnd): boolean {
  if (invocation.endedAtMs !== null) return false;
  invocation.endedAtMs = deps.clock.nowMs();
  invocation.end = how;
  invocation.command.open -= 1;
  const state = deps.world.hosts.touch(invocation.instanceId);
  state.live -= 1;
  state.inHand.delete(invocation);
  state.queued.shift()?.();
  state.lastStatus = how.details;
  state.lastExitCode = how.exitCode;
  return true;
}

/** Every reader knows a node this long after it became visible, in simulated milliseconds. */
const JOINED_KNOWN_AFTER_MS = 30_000;

function recordAcceptance(deps: RunCommandDeps, invocation: Invocation): void {
  const state = deps.world.hosts.touch(invocation.instanceId);
  if (state.live > 0) state.acceptedWhileLive += 1;
  const { joinedAtMs } = state;
  if (joinedAtMs !== null && deps.clock.nowMs() - joinedAtMs > JOINED_KNOWN_AFTER_MS / deps.clock.speed) {
    state.acceptedAfterJoined += 1;
  }
  state.accepted += 1;
  state.live += 1;
}
