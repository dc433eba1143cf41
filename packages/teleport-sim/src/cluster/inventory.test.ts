import { describe, expect, it } from 'vitest';
import { createSimClock } from '../clock.ts';
import { Inventory } from './inventory.ts';

const host = {
  accountId: '111122223333',
  instanceId: 'i-0123456789abcdef0',
  region: 'eu-west-1',
  hostname: 'ip-10-0-0-1',
  labels: {},
};

function inventoryAt(start: { nowMs: number }, speed = 1): Inventory {
  return new Inventory({
    clock: createSimClock(speed, () => start.nowMs),
    seed: '7',
    visibilityDelayMs: { min: 500, max: 500 },
    nodeTtlMs: 600_000,
  });
}

describe('the inventory', () => {
  it('lists a node only after the visibility delay', () => {
    const time = { nowMs: 1_000 };
    const inventory = inventoryAt(time);

    inventory.join(host);
    const atOnce = [...inventory.visible()];
    time.nowMs = 1_500;

    expect(atOnce).toEqual([]);
    expect([...inventory.visible()].map((node) => node.instanceId)).toEqual([host.instanceId]);
  });

  it('keeps an offline node listed for its time-to-live and then drops it', () => {
    const time = { nowMs: 0 };
    const inventory = inventoryAt(time);
    inventory.join(host, 'at-once');

    inventory.goOffline(host);
    time.nowMs = 599_999;
    const before = inventory.counts();
    time.nowMs = 600_000;

    expect(before).toMatchObject({ visible: 1, offline: 1, expired: 0 });
    expect(inventory.counts()).toMatchObject({ visible: 0, offline: 0, expired: 1, known: 1 });
  });

  it('shows an expired node again, with the same id, when its agent comes back', () => {
    const time = { nowMs: 0 };
    const inventory = inventoryAt(time);
    const joined = inventory.join(host, 'at-once');
    inventory.goOffline(host);
    time.nowMs = 700_000;

    const back = inventory.goOnline(host);

    expect(back && inventory.nodeId(back)).toBe(inventory.nodeId(joined));
    expect(back).toMatchObject({ visibleAtMs: 700_000, expiresAtMs: null });
    expect([...inventory.visible()]).toHaveLength(1);
  });

  it('does not hide a listed node that joins again', () => {
    const time = { nowMs: 0 };
    const inventory = inventoryAt(time);
    inventory.join(host);
    time.nowMs = 10_000;

    const again = inventory.join(host);

    expect(again).toMatchObject({ joins: 2, visibleAtMs: 500 });
    expect(inventory.isVisible(again)).toBe(true);
  });

  it('tells two accounts with one instance id apart', () => {
    const inventory = inventoryAt({ nowMs: 0 });

    const one = inventory.join(host, 'at-once');
    const other = inventory.join({ ...host, accountId: '444455556666' }, 'at-once');

    expect(inventory.counts().visible).toBe(2);
    expect(inventory.nodeId(one)).not.toBe(inventory.nodeId(other));
  });

  it('shrinks the delays and nothing else with the speed', () => {
    const time = { nowMs: 1_000 };
    const inventory = inventoryAt(time, 10);

    const node = inventory.join(host);

    expect(node).toMatchObject({ joinedAtMs: 1_000, visibleAtMs: 1_050 });
    expect(inventory.expiryMs(node)).toBe(61_000);
  });

  it('gives a host the same node id and delay in every run with the same seed', () => {
    const options = { nowMs: 0 };

    const [first, second] = [inventoryAt(options), inventoryAt(options)];

    expect(first.join(host)).toEqual(second.join(host));
    expect(first.nodeId(host)).toBe(second.nodeId(host));
    expect(first.nodeId(host)).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});
