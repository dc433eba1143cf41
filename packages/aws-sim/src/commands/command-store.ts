import type { Command, Invocation } from './command.ts';

/** All commands that were accepted: by id, and per account and region newest first. */
export interface CommandStore {
  add(command: Command): void;
  /** A command by id in its own account and region. */
  find(accountId: string, region: string, id: string): Command | undefined;
  /** Commands of an account and region, newest first. */
  newestFirst(accountId: string, region: string): readonly Command[];
  all(): Iterable<Command>;
  size(): number;
  nextNumber(): number;
}

/** An empty store. */
export function createCommandStore(): CommandStore {
  const byId = new Map<string, Command>();
  const byTarget = new Map<string, Command[]>();
  let numbers = 0;
  return {
    add(command) {
      byId.set(command.id, command);
      const key = `${command.account.id}/${command.region}`;
      const list = byTarget.get(key);
      if (list === undefined) byTarget.set(key, [command]);
      else list.push(command);
    },
    find(accountId, region, id) {
      const command = byId.get(id);
      return command?.account.id === accountId && command.region === region ? command : undefined;
    },
    newestFirst: (accountId, region) => (byTarget.get(`${accountId}/${region}`) ?? []).toReversed(),
    all: () => byId.values(),
    size: () => byId.size,
    nextNumber: () => numbers++,
  };
}

/** The invocation of a command for an instance. */
export function invocationFor(command: Command, instanceId: string): Invocation | undefined {
  return command.invocations.find((invocation) => invocation.instanceId === instanceId);
}
