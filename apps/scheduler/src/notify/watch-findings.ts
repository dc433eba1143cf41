import { randomBytes } from 'node:crypto';
import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/control/ledger';
import { readFindings } from '@muster/core/control/standing-findings';
import { resolutionsAt } from '@muster/core/history/resolution';
import { AccountId } from '@muster/core/organization/ids';
import { scopeOfChannel } from '@muster/core/notify/channel';
import { causeJumps, notifyItems, type NotifyItem, unmuted } from '@muster/core/notify/notify-item';
import { decideNotifications } from '@muster/core/notify/decide';
import { notifyTimings } from '@muster/core/notify/timings';
import type { Clock } from '@muster/core/runtime/clock-port';

/** Buckets of history in an hour. */
const HOUR_OF_BUCKETS = 12;

/**
 * Looks at what stands, compares it with what was told, and makes messages due. Any number of schedulers may look: one script
 * writes what a look decided, and only when no other has decided since. Without a channel it costs nothing.
 */
export function createFindingsWatch({
  current,
  ledger,
  clock,
}: {
  readonly current: () => MusterConfig;
  readonly ledger: Ledger;
  readonly clock: Clock;
}): () => Promise<void> {
  let names: string | null = null;
  return async () => {
    const { notify: channels, speed } = current();
    const namesNow = channels.map(({ name }) => name).join();
    if (namesNow !== names) await forgetChannels(ledger, channels);
    names = namesNow;
    if (channels.length === 0) return;
    // Before what stands is read: a scheduler that decides meanwhile has read something newer.
    const state = await ledger.notify.read();
    const [findings, pauses, mutes, jumps] = await Promise.all([
      readFindings(ledger),
      ledger.control.pauses(),
      ledger.mutes.standing(clock.now()),
      readJumps(ledger, speed, clock),
    ]);
    const items = notifyItems({ findings, pauses, jumps });
    const needsUnits = channels.some(({ filter }) => filter.units !== null);
    const units = needsUnits ? await readUnits(ledger, items) : new Map<string, readonly string[]>();
    const decision = decideNotifications({
      state,
      items: unmuted(items, mutes),
      areJumpsKnown: jumps !== null,
      mutedIds: new Set(items.filter(({ id }) => mutes.has(id)).map(({ id }) => id)),
      channels,
      unitsOf: (accountId) => units.get(accountId) ?? [],
      timings: notifyTimings(speed),
      nowMs: clock.now(),
      newId: () => randomBytes(10).toString('hex'),
    });
    // Decided by another one meanwhile: the next look sees what is left.
    await ledger.notify.write(state, decision);
  };
}

/** A channel that is configured no more fails no more. */
async function forgetChannels(
  { control }: Pick<Ledger, 'control'>,
  channels: MusterConfig['notify'],
): Promise<void> {
  const scopes = new Set(channels.map(({ name }) => scopeOfChannel(name)));
  for (const { kind, scope } of await control.findings()) {
    if (kind === 'notify-failed' && !scopes.has(scope)) await control.clear(kind, scope);
  }
}

async function readJumps(
  { enrollments, history }: Pick<Ledger, 'enrollments' | 'history'>,
  speed: number,
  clock: Clock,
): Promise<readonly NotifyItem[] | null> {
  const resolutions = resolutionsAt(speed);
  const nowMs = clock.now();
  const [{ causes }, before] = await Promise.all([
    enrollments.counts(),
    history.at(nowMs - HOUR_OF_BUCKETS * resolutions.fine.widthMs, resolutions),
  ]);
  return causeJumps(Object.fromEntries(causes), before?.byCause ?? null, nowMs);
}

/** The units above each account that an item is about. */
async function readUnits(
  { coverage }: Pick<Ledger, 'coverage'>,
  items: readonly NotifyItem[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const ids = [...new Set(items.flatMap(({ accountId }) => (accountId === null ? [] : [accountId])))];
  const found = await Promise.all(
    ids.map(
      async (id) => [id, (await coverage.account(AccountId.parse(id)))?.account.ancestorIds ?? []] as const,
    ),
  );
  return new Map(found);
}
