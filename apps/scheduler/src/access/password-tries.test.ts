import { createMetrics } from '@muster/core/runtime/metrics';
import { recordingLog } from '@muster/testing/builders';
import { createClock } from '@muster/core/runtime/clock';
import { beforeEach, expect, test } from 'vitest';
import type { Registry } from '../http/ledger-metrics.ts';
import { createPasswordTries, type PasswordTries } from './password-tries.ts';

const log = recordingLog();
let nowMs = 0;
let tries: PasswordTries;
let metrics: Registry;

beforeEach(() => {
  nowMs = 1_000_000;
  log.lines.splice(0);
  metrics = createMetrics('scheduler');
  const clock = {
    ...createClock(),
    now: () => nowMs,
    sleep: () => Promise.reject(new Error('does not wait')),
    after: () => () => undefined,
  };
  tries = createPasswordTries({ clock, log, metrics });
});

function wrong(address: string, times: number): void {
  for (let time = 0; time < times; time += 1) tries.wrong(address);
}

test('an address may be wrong a few times, then it waits until the minute is over', () => {
  wrong('10.0.0.1', 9);
  expect(tries.blockedForSeconds('10.0.0.1')).toBeNull();

  wrong('10.0.0.1', 1);
  nowMs += 20_000;
  expect(tries.blockedForSeconds('10.0.0.1')).toBe(40);
  expect(tries.blockedForSeconds('10.0.0.2')).toBeNull();

  nowMs += 40_000;
  expect(tries.blockedForSeconds('10.0.0.1')).toBeNull();
});

test('tries from many addresses are stopped together, and do not lock out who knows the password', () => {
  tries.right('10.0.0.9');
  for (let host = 0; host < 100; host += 1) tries.wrong(`192.168.1.${host}`);

  expect(tries.blockedForSeconds('172.16.0.1')).toBe(60);
  expect(tries.blockedForSeconds('10.0.0.9')).toBeNull();
});

test.each([
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:1'],
  ['::1', '::2'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
])('%s and %s are of one network', (one, other) => {
  wrong(one, 10);

  expect(tries.blockedForSeconds(other)).not.toBeNull();
});

test('however many there are, the log has few lines and the metric has all', async () => {
  wrong('10.0.0.1', 10);
  for (let time = 0; time < 5_000; time += 1) tries.blockedForSeconds('10.0.0.1');

  expect(log.lines.map(({ level }) => level)).toEqual(Array.from({ length: 6 }, () => 'warn'));
  expect(log.lines.at(-1)?.fields).toMatchObject({ address: '10.0.0.1', tries: 1_000 });
  const text = await metrics.metrics();
  expect(text).toMatch(/^muster_console_password_tries_total\{result="wrong".*\} 10$/m);
  expect(text).toMatch(/^muster_console_password_tries_total\{result="refused".*\} 5000$/m);
});

test('more addresses than are kept change nothing of what one more costs', () => {
  for (let host = 0; host < 5_000; host += 1) tries.right(`10.1.${host >> 8}.${host & 255}`);
  wrong('10.0.0.1', 100);

  expect(tries.blockedForSeconds('10.1.0.0')).not.toBeNull();
  expect(tries.blockedForSeconds('10.1.19.135')).toBeNull();
});
