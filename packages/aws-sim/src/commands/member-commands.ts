import { randomBytes, randomUUID } from 'node:crypto';
import type { Simulation } from '../server/simulation.ts';
import type { Instance } from '../world/host-states.ts';
import type { Command, Invocation } from './command.ts';
import { bindParameters } from './documents.ts';

/** What an owner of a member account sends to hosts of his own. */
export interface MemberCommand {
  /** All of one account and region. */
  readonly hosts: readonly Instance[];
  /**
   * `{batch}` becomes a fresh ULID, another for each command. `{installation}`, `{lastBatch}` and `{lastMac}` become what the
   * last command in this account and region bears whose comment begins with `muster:`: it stands in the account's history.
   */
  readonly comment: string;
  /** Commands, one after the other. */
  readonly times: number;
  /** Simulated milliseconds. */
  readonly runsForMs: number;
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * Sends commands of a member account, which install nothing: they run from now on and end with Success. The referee does not
 * count them, since it judges Muster's commands only.
 *
 * @throws {Error} when the comment asks for what no command bears
 * @returns their ids
 */
export function sendAsMember(sim: Simulation, order: MemberCommand): readonly string[] {
  const [first] = order.hosts;
  if (first === undefined) throw new Error('a command needs an instance');
  const document = sim.documents.find(first.account.id, first.region, 'AWS-RunShellScript');
  if (document === undefined) throw new Error('there is no AWS-RunShellScript');
  const parameters = { commands: ['true'] };
  return Array.from({ length: order.times }, () => {
    const nowMs = sim.clock.nowMs();
    const command: Command = {
      id: randomUUID(),
      number: sim.commands.nextNumber(),
      account: first.account,
      region: first.region,
      document,
      documentName: 'AWS-RunShellScript',
      documentVersion: '1',
      comment: fillIn(sim, first, order.comment, nowMs),
      parameters,
      values: bindParameters(document, parameters),
      timeoutSeconds: 3_600,
      executionSeconds: 172_800,
      requestedAtMs: nowMs,
      expiresAtMs: nowMs + (3_600 + 172_800) * 1_000,
      visibleAtMs: nowMs,
      instanceIds: order.hosts.map((host) => host.id),
      targets: [],
      maxConcurrency: '50',
      maxErrors: '0',
      outputS3: { bucket: '', prefix: '', region: '' },
      serviceRole: '',
      notification: {},
      cloudWatch: {},
      alarms: [],
      principalArn: `arn:aws:iam::${first.account.id}:user/owner`,
      isMembers: true,
      invocations: [],
      open: order.hosts.length,
      cancelledAtMs: null,
    };
    for (const host of order.hosts) command.invocations.push(runningInvocation(command, host, nowMs));
    sim.commands.add(command);
    sim.clock.after(order.runsForMs, () => {
      for (const invocation of command.invocations) end(invocation, sim.clock.nowMs());
    });
    return command.id;
  });
}

function runningInvocation(command: Command, host: Instance, nowMs: number): Invocation {
  return {
    command,
    instanceId: host.id,
    hostname: host.hostname,
    platformType: 'Linux',
    refusal: null,
    startedAtMs: nowMs,
    delayedAtMs: null,
    cancellingAtMs: null,
    endedAtMs: null,
    end: null,
  };
}

function end(invocation: Invocation, nowMs: number): void {
  if (invocation.endedAtMs !== null) return;
  invocation.endedAtMs = nowMs;
  invocation.end = { details: 'Success', exitCode: 0, stdout: '', stderr: '' };
  invocation.command.open -= 1;
}

function fillIn(sim: Simulation, host: Instance, comment: string, nowMs: number): string {
  const seen = sim.commands
    .newestFirst(host.account.id, host.region)
    .find((command) => command.isMembers !== true && command.comment.startsWith('muster:'));
  const [, , installation, lastBatch, lastMac] = seen?.comment.split(':') ?? [];
  const words: Readonly<Record<string, string | undefined>> = {
    batch: makeUlid(nowMs),
    installation,
    lastBatch,
    lastMac,
  };
  return comment.replaceAll(/\{(\w+)\}/gu, (_, word: string) => {
    const value = words[word];
    if (value === undefined) throw new Error(`no command in this account and region says what {${word}} is`);
    return value;
  });
}

/** https://github.com/ulid/spec */
function makeUlid(nowMs: number): string {
  let time = '';
  for (let rest = nowMs, digits = 0; digits < 10; digits += 1) {
    time = CROCKFORD.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  return time + Array.from(randomBytes(16), (byte) => CROCKFORD.charAt(byte % 32)).join('');
}
