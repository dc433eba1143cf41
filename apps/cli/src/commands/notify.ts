import { randomBytes } from 'node:crypto';
import type { MusterConfig } from '@muster/core/config/model';
import { nearest } from '@muster/core/config/source/suggest';
import type { NotifyChannel } from '@muster/core/notify/channel';
import { testBatch } from '@muster/core/notify/message-text';
import { createRedactor } from '@muster/core/runtime/redaction';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import { secretsOf } from '@muster/core/config/secrets';
import type { Command } from 'commander';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { examplesText } from '../examples-text.ts';

const WITHIN_MS = 15_000;

/** `muster notify list` and `muster notify test`: which channels there are, and whether they take a message. Asks no Redis. */
export function addNotifyCommand(program: Command, context: CommandContext): void {
  const notify = program
    .command('notify')
    .description('channels that are told of findings')
    .addHelpText('after', examplesText('muster notify list', 'muster notify test ops'));
  notify
    .command('list')
    .description('channels of the configuration, and what each is told')
    .option('--json', 'JSON lines, one per channel')
    .action((options: { json?: boolean }) => {
      const { notify: channels } = readConfig(context.env, context.configOption());
      for (const channel of channels) {
        print(options.json === true ? JSON.stringify(lineOf(channel)) : describe(channel));
      }
      if (channels.length === 0 && options.json !== true) print('there are no channels (muster.notify)');
    });
  notify
    .command('test')
    .description('send one message, from this machine, and say what the server answers')
    .argument('[name]', 'only to this channel')
    .addHelpText('after', examplesText('muster notify test', 'muster notify test ops'))
    .action(async (name: string | undefined) => {
      const config = readConfig(context.env, context.configOption());
      const channels = config.notify.filter((one) => name === undefined || one.name === name);
      if (channels.length === 0) throw new CommandError(EXIT.usage, noChannel(config, name));
      const taken = await Promise.all(channels.map((channel) => test(channel, config)));
      if (taken.includes(false)) context.exit(EXIT.failed);
    });
}

/** Whether the channel took it. */
async function test(channel: NotifyChannel, config: MusterConfig): Promise<boolean> {
  const { deliver, senderOf } = await import('@muster/scheduler/notify/deliver');
  const nowMs = Date.now();
  const batch = testBatch(channel.name, randomBytes(10).toString('hex'), nowMs);
  // Nothing of this kind stands, so PagerDuty is told of an end: a wrong key shows, and no person is called.
  const message = { batch, sender: senderOf(config), standing: [] };
  const delivery = await deliver(channel, message, { nowMs, signal: AbortSignal.timeout(WITHIN_MS) });
  const said = createRedactor(secretsOf(config))(delivery.said);
  print(`${channel.name} (${channel.kind}): ${delivery.kind === 'sent' ? 'taken' : 'not taken'}: ${said}`);
  return delivery.kind === 'sent';
}

function noChannel({ notify }: MusterConfig, name: string | undefined): string {
  if (name === undefined || notify.length === 0) return 'there are no channels (muster.notify)';
  const names = notify.map((one) => one.name);
  const near = nearest(name, names);
  return near === null
    ? `there is no channel ${name}; there are ${names.join(', ')}`
    : `there is no channel ${name}: did you mean ${near}?`;
}

function lineOf({ name, kind, filter, resolved, perHour, allowPrivate }: NotifyChannel): object {
  return { name, kind, ...filter, resolved, perHour, allowPrivate };
}

function describe({ name, kind, filter }: NotifyChannel): string {
  const { severity, kinds, owners, units, accounts } = filter;
  const only = Object.entries({ kinds, owners, units, accounts })
    .filter(([, list]) => list !== null)
    .map(([key, list]) => `${key} ${(list ?? []).join(', ')}`);
  return [`${name} (${kind}): ${severity} and more urgent`, ...only].join('; ');
}

function print(text: string): void {
  process.stdout.write(`${terminalLine(text)}\n`);
}
