import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/control/ledger';
import { type catalog, notifyMember } from '@muster/core/jobs/catalog';
import type { Handler } from '@muster/core/jobs/define-job';
import { scopeOfChannel } from '@muster/core/notify/channel';
import type { Told } from '@muster/core/notify/told';
import { JobError } from '@muster/core/runtime/errors';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import { deliver, senderOf } from './deliver.ts';

/** Longer than a job may run. */
const LEASE_MS = 90_000;
/** Before the second attempt; each further wait is twice as long. */
const FIRST_WAIT_MS = 15_000;
const LONGEST_WAIT_MS = 30 * 60_000;
/** A server that asks for days would silence its channel, and no finding would say so. */
const LONGEST_ASKED_MS = 60 * 60_000;
/** Over about two hours. */
const MOST_ATTEMPTS = 12;
/**
 * How old a message to a channel is that this scheduler does not know, before it is dropped. Until then another scheduler may
 * have taken up a newer configuration that has the channel.
 */
const UNKNOWN_FOR_MS = 60 * 60_000;
/** Before a message to such a channel is looked at again, by this or by another scheduler. */
const GIVE_BACK_MS = 30_000;
/** Of what a server said. */
const SAID_CHARS = 200;

type SendNotification = (typeof catalog)['send-notification'];

/**
 * Makes the handler that sends a message. It stays due until it was sent or given up; one that is given up is a failed job,
 * which can be tried again by hand for three days, and a finding.
 *
 * @param random 0..1, so that messages that failed together do not come back together
 */
export function createNotificationSender(deps: {
  readonly current: () => MusterConfig;
  readonly ledger: Pick<Ledger, 'notify' | 'due' | 'control'>;
  readonly random: () => number;
}): Handler<SendNotification> {
  const { ledger } = deps;
  return async ({ channel: name, messageId }, { signal, clock, log }) => {
    const member = notifyMember(name, messageId);
    const lease = await ledger.due.begin('notify', member, LEASE_MS);
    const end = (nextInMs: number | null): Promise<void> =>
      ledger.due.finish('notify', member, lease, nextInMs);
    const config = deps.current();
    const channel = config.notify.find((one) => one.name === name);
    const batch = await ledger.notify.batch(messageId);
    if (channel === undefined && batch !== null) {
      if (clock.now() - batch.createdMs < UNKNOWN_FOR_MS / config.speed) {
        log.info({ channel: name }, 'notification left to a scheduler that knows the channel');
        await end(GIVE_BACK_MS / config.speed);
        return { said: 'this scheduler does not know the channel', events: 0 };
      }
    }
    if (channel === undefined || batch === null) {
      // The configuration names the channel no more, or the message is older than it is kept.
      log.info({ channel: name }, 'notification dropped');
      await end(null);
      return { said: channel === undefined ? 'there is no such channel any more' : 'it is gone', events: 0 };
    }
    const attempt = await ledger.notify.beginAttempt(messageId);
    const standing = await standingFor(ledger, name);
    const message = { batch, sender: senderOf(config), standing };
    const delivery = await deliver(channel, message, { nowMs: clock.now(), signal });
    signal.throwIfAborted();
    const said = terminalLine(delivery.said).slice(0, SAID_CHARS);
    if (delivery.kind === 'sent') {
      await end(null);
      await ledger.control.clear('notify-failed', scopeOfChannel(name));
      return { said, events: batch.events.length };
    }
    if (delivery.kind === 'later' && attempt < MOST_ATTEMPTS) {
      const usual = Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), LONGEST_WAIT_MS);
      const asked = Math.min(delivery.afterMs ?? 0, LONGEST_ASKED_MS);
      await end((Math.max(usual, asked) * (1 + 0.1 * deps.random())) / config.speed);
      log.warn({ channel: name, attempt, said }, 'notification not taken, tried again later');
      return { said, events: 0 };
    }
    await ledger.control.raise({
      kind: 'notify-failed',
      scope: scopeOfChannel(name),
      sinceMs: clock.now(),
      message: `The channel ${name} (${channel.kind}) did not take a message with ${batch.events.length} events${delivery.kind === 'refused' ? '' : `, tried ${attempt} times`}: ${said}`,
      remedy: `Run muster notify test ${name} where the scheduler runs: it says what the server answers. What was not told stands in muster findings. The finding goes with the next message that is taken.`,
    });
    await end(null);
    throw new JobError('notify.failed', `the channel ${name} did not take the message: ${said}`, {
      retry: 'never',
    });
  };
}

/** What stands and the channel knows of. */
async function standingFor({ notify }: Pick<Ledger, 'notify'>, name: string): Promise<readonly Told[]> {
  const { told } = await notify.read();
  return [...told.values()].filter(({ state, channels }) => state === 'told' && channels.includes(name));
}
