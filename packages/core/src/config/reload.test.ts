import { expect, test } from 'vitest';
import { compareConfig } from './reload.ts';
import { Secret } from './secret.ts';
import type { MusterConfig } from './model.ts';
import { parseConfig } from './parse-config.ts';

interface Change {
  readonly service?: object;
  readonly muster?: object;
  readonly proxy?: string;
  readonly tags?: object;
  readonly partition?: string;
  readonly documents?: string;
}

function config({
  service = {},
  muster = {},
  proxy = 'teleport.example.com:443',
  tags,
  partition = 'aws',
  documents = '',
}: Change): MusterConfig {
  const main = {
    version: 'v3',
    teleport: { proxy_server: proxy },
    discovery_service: {
      enabled: true,
      discovery_group: 'g',
      aws: [{ types: ['ec2'], regions: ['*'], partition, ...(tags === undefined ? {} : { tags }) }],
      ...service,
    },
    muster,
  };
  const parsed = parseConfig(`${JSON.stringify(main)}\n${documents}`, { file: 'muster.yaml', env: {} });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.config;
}

test('the same text, and the same said otherwise, change nothing', () => {
  expect(compareConfig(config({}), config({}))).toEqual({ kind: 'same' });
  expect(compareConfig(config({}), config({ muster: { paused: false } }))).toEqual({ kind: 'same' });
});

const DOCUMENT = `---
kind: discovery_config
version: v1
metadata: {name: more}
spec: {discovery_group: g, aws: [{types: [ec2], regions: [eu-west-1], tags: {team: x}}]}
`;

test.each<[string, Change]>([
  ['matchers', { tags: { env: 'prod' } }],
  ['a discovery_config document', { documents: DOCUMENT }],
  ['poll_interval', { service: { poll_interval: '7m' } }],
  ['enabled', { service: { enabled: false } }],
  ['limits', { muster: { limits: { installs_in_flight: 7 } } }],
  ['install timeout', { muster: { install: { timeout: '9m' } } }],
  ['inventory', { muster: { inventory: { args: ['--identity=/x'] } } }],
  ['labels', { muster: { labels: { enabled: false } } }],
  ['cleanup', { muster: { cleanup: { enabled: true } } }],
  ['audit', { muster: { audit: { keep_days: 7 } } }],
  ['paused', { muster: { paused: true } }],
])('%s: taken up at once', (_, change) => {
  const next = config(change);

  expect(compareConfig(config({}), next)).toEqual({ kind: 'live', config: next, restart: [] });
});

test('what a process is built from keeps its value until the restart, the rest is taken up', () => {
  const running = config({});
  const next = config({
    muster: {
      paused: true,
      redis: { url: 'redis://:secret@elsewhere:6379' },
      worker: { discovery_concurrency: 3 },
      pacing: { share: 0.1 },
    },
  });

  const change = compareConfig(running, next);

  expect(change).toMatchObject({
    kind: 'live',
    restart: ['muster.redis', 'muster.worker', 'muster.pacing'],
    config: { paused: true, worker: running.worker, pacing: running.pacing },
  });
  expect(change.kind === 'live' && change.config.redis.url).toBe(running.redis.url);
  // Told again as long as it stands, and taken up no second time.
  expect(
    change.kind === 'live' && compareConfig(change.config, config({ muster: { paused: true } })),
  ).toEqual({
    kind: 'same',
  });
});

test.each<[string, Change, string]>([
  ['another group', { service: { discovery_group: 'other' } }, 'discovery_service.discovery_group'],
  ['another cluster', { proxy: 'other.example.com:443' }, 'teleport.proxy_server'],
  ['another partition of AWS', { partition: 'aws-cn' }, 'partition'],
])('%s is another installation: nothing is taken up', (_, change, key) => {
  expect(compareConfig(config({}), config({ ...change, muster: { paused: true } }))).toEqual({
    kind: 'restart',
    keys: [key],
  });
});

test('a configuration whose last matcher has ended is taken up, in every partition', () => {
  const change = compareConfig(config({ partition: 'aws-cn' }), config({ service: { aws: [] } }));

  expect(change).toMatchObject({ kind: 'live', config: { matchers: [] }, restart: [] });
});

test('another password of Redis in its file is nothing to take up, and another place of Redis waits for the restart', () => {
  const running = config({});
  const inFile = (url: string): MusterConfig => ({
    ...running,
    redis: { ...running.redis, url: new Secret(url), passwordFile: '/etc/muster/redis-password' },
  });
  const before = inFile('redis://muster:old@redis');

  const rotated = compareConfig(before, inFile('redis://muster:new@redis'));
  const withMore = compareConfig(before, { ...inFile('redis://muster:new@redis'), paused: true });
  const moved = compareConfig(before, inFile('redis://muster:old@elsewhere'));

  expect(rotated.kind).toBe('redis-password');
  expect(rotated.kind === 'redis-password' && rotated.config.redis.url.reveal()).toBe(
    'redis://muster:new@redis',
  );
  expect(withMore).toMatchObject({ kind: 'live', config: { paused: true }, restart: [] });
  expect(moved).toMatchObject({ kind: 'live', restart: ['muster.redis'] });
});
