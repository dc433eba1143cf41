import { expect, test } from 'vitest';
import { type Attempt, momentsOf } from './timeline.ts';

const ATTEMPT: Attempt = {
  endedAt: '2026-11-30T12:00:20.000Z',
  commandId: null,
  link: null,
  cause: 'host-disk-full',
  exitCode: 103,
  output: '',
};

test('changes and attempts are one list, newest first, with how long each state lasted', () => {
  const moments = momentsOf({
    attempts: [ATTEMPT],
    timeline: [
      { at: '2026-11-30T12:00:00.000Z', from: null, to: 'queued', cause: null },
      { at: '2026-11-30T12:00:05.000Z', from: 'queued', to: 'installing', cause: null },
      { at: '2026-11-30T12:00:20.000Z', from: 'installing', to: 'failed', cause: 'host-disk-full' },
    ],
  });

  expect(moments.map((one) => (one.kind === 'attempt' ? 'attempt' : `${one.to} ${one.lastedMs}`))).toEqual([
    'failed null',
    'attempt',
    'installing 15000',
    'queued 5000',
  ]);
});

test('without remembered changes the attempts stand alone', () => {
  expect(momentsOf({ attempts: [ATTEMPT], timeline: [] })).toHaveLength(1);
});
