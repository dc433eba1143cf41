import { describe, expect, it } from 'vitest';
import { changeFaults, NO_FAULTS } from './faults.ts';

describe('a change of faults', () => {
  it('leaves the other faults as they are', () => {
    const before = { ...NO_FAULTS, join: 'denied' as const };

    expect(changeFaults(before, { inventory: 'half' })).toEqual({
      ok: true,
      faults: { ...NO_FAULTS, join: 'denied', inventory: 'half' },
    });
  });

  it.each([
    [
      { inventry: 'half' },
      'unknown fault inventry: use proxy, installer, join, inventory, tokens, resources, removals, discovery, slowMs',
    ],
    [{ join: 'half' }, 'join cannot be "half": use ok, down, error, slow, denied'],
    [{ slowMs: -1 }, 'slowMs must be a number >= 0'],
    [[], 'faults must be a JSON object'],
  ])('is refused for %j', (change, error) => {
    expect(changeFaults(NO_FAULTS, change)).toEqual({ ok: false, error });
  });
});
