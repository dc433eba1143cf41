import { aCommandId, anInstanceId, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { createSentCommands } from './sent-commands.ts';

const SENT = { commandId: aCommandId(1), acceptedAtMs: NOW_MS, expiresAtMs: NOW_MS + 60_000 };
const WAITING = aRecord('queued', { instanceId: anInstanceId(1) });

/** A record that knows the ends of these commands. */
const knowing = (...commands: readonly number[]) => ({
  ...WAITING,
  attempts: commands.map((n) => ({
    batchId: 'x' as never,
    commandId: aCommandId(n),
    endedAtMs: NOW_MS + n,
    cause: null,
    exitCode: 0,
    output: '',
  })),
});

function remembering(most?: number) {
  const sent = createSentCommands(most);
  sent.remember(aTarget(), [anInstanceId(1), anInstanceId(2)], SENT);
  return sent;
}

test('a record that waits while its command may be live contradicts what was sent', () => {
  expect(remembering().contradicts(WAITING, NOW_MS + 1)).toBe(SENT.commandId);
});

test('one that knows its end does not, nor one with so many later ends that this one is not kept', () => {
  expect(remembering().contradicts(knowing(1), NOW_MS + 1)).toBeNull();
  expect(remembering().contradicts(knowing(2, 3, 4), NOW_MS + 1)).toBe(SENT.commandId);
  expect(remembering().contradicts(knowing(2, 3, 4, 5), NOW_MS + 1)).toBeNull();
});

test('nor any once the command has expired, or its target’s commands were listed', () => {
  expect(remembering().contradicts(WAITING, SENT.expiresAtMs + 1)).toBeNull();
  const sent = remembering();
  sent.forget(aTarget(1));
  expect(sent.contradicts(WAITING, NOW_MS)).toBe(SENT.commandId);
  sent.forget(aTarget());
  expect(sent.contradicts(WAITING, NOW_MS)).toBeNull();
});

test('the oldest is forgotten beyond its bound', () => {
  const sent = remembering(2);
  sent.remember(aTarget(), [anInstanceId(3)], SENT);

  expect(sent.contradicts(WAITING, NOW_MS)).toBeNull();
  expect(sent.contradicts(aRecord('queued', { instanceId: anInstanceId(3) }), NOW_MS)).toBe(SENT.commandId);
});
