/** SSM as far as sending needs it: it accepts, hides, shows, ends and expires commands. */
import { has } from './ledger.ts';
import type { World } from './protocol.ts';
import type { CommandCell, RequestCell, Shown, State } from './state.ts';

/** All its instances or none: a command comes into being. */
export function accept(state: State, request: RequestCell): State {
  const doubled = state.commands.some((command) => (command.live & request.instances) !== 0);
  const command: CommandCell = {
    batch: request.batch,
    instances: request.instances,
    acceptedAt: state.now,
    visible: false,
    live: request.instances,
    good: 0,
  };
  return {
    ...state,
    requests: state.requests.filter((one) => one !== request),
    commands: [...state.commands, command].toSorted((a, b) => a.batch - b.batch),
    fault: doubled ? 'two-live' : null,
  };
}

function change(state: State, command: CommandCell, to: Partial<CommandCell>): State {
  return { ...state, commands: state.commands.map((one) => (one === command ? { ...one, ...to } : one)) };
}

export function show(state: State, command: CommandCell): State {
  return change(state, command, { visible: true });
}

/** The command ends on one instance. */
export function end(state: State, command: CommandCell, index: number, good: boolean): State {
  return change(state, command, {
    live: command.live & ~(1 << index),
    good: good ? command.good | (1 << index) : command.good,
  });
}

/** Time passes: what must be visible is, what has expired has ended, and a request that is too old is refused. */
export function tick(state: State, world: World): State {
  const now = state.now + 1;
  return {
    ...state,
    now,
    requests: state.requests.filter((request) => request.until >= now),
    commands: state.commands.map((command) => ({
      ...command,
      visible: command.visible || now >= command.acceptedAt + world.visibility,
      live: now >= command.acceptedAt + world.life ? 0 : command.live,
    })),
  };
}

function shownOf({ batch, instances, live, good, acceptedAt }: CommandCell): Shown {
  return { batch, instances, live, good, acceptedAt };
}

export function listRecent(state: State): readonly Shown[] {
  return state.commands.filter((command) => command.visible).map(shownOf);
}

export function findCommand(state: State, batch: number): Shown | null {
  const command = state.commands.find((one) => one.batch === batch && one.visible);
  return command === undefined ? null : shownOf(command);
}

/** The instances of a mask, as indexes. */
export function indexesOf(mask: number): readonly number[] {
  return [0, 1, 2, 3].filter((index) => has(mask, index));
}
