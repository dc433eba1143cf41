import { describe, expect, test } from 'vitest';
import { parseAwsSimArgs } from './flags.ts';

describe('flags', () => {
  test('become options', () => {
    const parsed = parseAwsSimArgs([
      '--accounts',
      '20',
      '--regions',
      '4',
      '--seed',
      '7',
      '--scenario',
      'hostile',
      '--speed',
      '0.5',
    ]);

    expect(parsed).toMatchObject({
      ok: true,
      options: { accounts: 20, regions: 4, seed: 7, scenario: 'hostile', speed: 0.5, instances: undefined },
    });
  });

  test('that are wrong are all named at once', () => {
    const parsed = parseAwsSimArgs([
      '--accounts',
      '0',
      '--regions',
      'four',
      '--scenario',
      'calm',
      '--world',
      '/nonexistent.yaml',
    ]);

    expect(parsed.ok ? [] : parsed.faults).toEqual([
      '--accounts must be a whole number from 1 to 50000, not "0"',
      '--regions must be a whole number from 1 to 33, not "four"',
      '--scenario must be one of clean, realistic, hostile, prerequisites, not "calm"',
      expect.stringContaining('/nonexistent.yaml'),
    ]);
  });

  test('that are not known are refused', () => {
    expect(parseAwsSimArgs(['--colour', 'red'])).toMatchObject({ ok: false });
  });
});
