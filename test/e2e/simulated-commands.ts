import type { MusterSystem } from '@muster/testing/muster-system';

/** A command as the simulator keeps it: the parts that tests look at. */
export interface SimulatedCommand {
  readonly account: string;
  readonly region: string;
  readonly documentName: string;
  readonly comment: string;
  readonly requestedAt: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly invocations: readonly { readonly instanceId: string; readonly endedAt: string | null }[];
}

/** An instance as the simulator has it. */
export interface SimulatedInstance {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  /** As DescribeInstances has it: `pending`, `running` … */
  readonly state: string;
  /** Commands accepted for it. */
  readonly installs: number;
  readonly joined: boolean;
}

/** Every command that the simulator has accepted. */
export async function listCommands(system: MusterSystem): Promise<readonly SimulatedCommand[]> {
  const answer = (await ask(system, '/_sim/commands')) as { commands: readonly SimulatedCommand[] };
  return answer.commands;
}

/** Every instance of the world. */
export async function listHosts(system: MusterSystem): Promise<readonly SimulatedInstance[]> {
  const answer = (await ask(system, '/_sim/instances')) as { instances: readonly SimulatedInstance[] };
  return answer.instances;
}

async function ask(system: MusterSystem, path: string): Promise<unknown> {
  const answer = await fetch(`${system.aws.url}${path}`);
  return answer.json();
}
