import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { loadConfig } from '@muster/core/config/load-config';
import type { ConfigReload } from '@muster/core/config/reload';
import { recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { expect, onTestFinished, test } from 'vitest';
import { followConfig } from './follow-config.ts';

const GOOD = `version: v3
teleport: {proxy_server: 'teleport.example.com:443'}
discovery_service:
  enabled: true
  discovery_group: g
  aws: [{types: [ec2], regions: ['*']}]
`;

function follow(
  initial = GOOD,
  markerKey = '',
): {
  write: (text: string) => void;
  /** Another file of the same folder. */
  beside: (name: string, text: string) => void;
  replace: (text: string) => void;
  /** As Kubernetes does in a mounted ConfigMap: each file is a link through `..data`, which is exchanged as a whole. */
  mount: (text: string) => void;
  /** Makes the file such a link. */
  link: () => void;
  told: ConfigReload[];
  log: ReturnType<typeof recordingLog>;
} {
  const folder = mkdtempSync(join(tmpdir(), 'muster-follow-'));
  const file = join(folder, 'muster.yaml');
  const write = (text: string): void => {
    writeFileSync(file, text);
  };
  writeFileSync(join(folder, 'marker.key'), markerKey);
  writeFileSync(join(folder, 'redis.password'), 'first-token');
  write(initial);
  const loaded = loadConfig(file, {});
  if (!loaded.ok) throw new Error('the configuration is not valid');
  const told: ConfigReload[] = [];
  const log = recordingLog();
  const following = followConfig(
    loaded.config,
    { env: {}, configOption: () => file, apiOptions: () => ({}), exit: () => undefined },
    (reload) => {
      told.push(reload);
      return Promise.resolve();
    },
    log,
  );
  onTestFinished(() => {
    following.close();
    rmSync(folder, { recursive: true });
  });
  return {
    write,
    beside: (name, text) => {
      writeFileSync(join(folder, name), text);
    },
    replace: (text) => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    },
    mount: (text) => {
      const content = mkdtempSync(join(folder, '..content-'));
      writeFileSync(join(content, 'muster.yaml'), text);
      symlinkSync(basename(content), join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    },
    link: () => {
      symlinkSync(join('..data', 'muster.yaml'), `${file}.new`);
      renameSync(`${file}.new`, file);
    },
    told,
    log,
  };
}

test('a changed file is told once it is quiet, whether it was written or replaced', async () => {
  const { write, replace, told } = follow();

  write(`${GOOD}muster: {paused: tru`);
  write(`${GOOD}muster: {paused: true}\n`);
  await eventually('the change was told', () => told.length === 1);
  replace(`${GOOD}muster: {paused: false}\n`);
  await eventually('the next one too', () => told.length === 2);

  expect(told).toMatchObject([
    { kind: 'valid', config: { paused: true }, restart: [] },
    { kind: 'valid', config: { paused: false }, restart: [] },
  ]);
});

test('a mounted file whose folder is exchanged by a symbolic link is told within seconds', async () => {
  const { mount, link, told } = follow();
  mount(GOOD);
  link();

  mount(`${GOOD}muster: {paused: true}\n`);
  // The regular look comes after fifteen.
  await eventually('the change was told', () => told.length === 1, 8_000);
  mount(GOOD);
  await eventually('the next one too', () => told.length === 2, 8_000);

  expect(told).toMatchObject([{ config: { paused: true } }, { config: { paused: false } }]);
});

test('a file that is not valid is refused with all its faults, and the way back is told', async () => {
  const { replace, told } = follow();

  replace(`${GOOD}muster: {paused: maybe, limit: {}}\n`);
  await eventually('it was refused', () => told.length === 1);
  replace(GOOD);
  await eventually('it is good again', () => told.length === 2);

  expect(told[0]).toMatchObject({ kind: 'invalid', faults: expect.stringContaining('limit') });
  expect(told[1]).toEqual({ kind: 'valid', config: null, restart: [] });
});

test('a changed marker key is taken up, though the configuration names the same file', async () => {
  const [before, after] = ['0123456789abcdef'.repeat(4), 'fedcba9876543210'.repeat(4)];
  const { beside, told } = follow(`${GOOD}muster: {marker_key_file: marker.key}\n`, before);

  beside('marker.key', `${after}\n${before}\n`);
  await eventually('the change was told', () => told.length === 1);

  const [reload] = told;
  const keys = reload?.kind === 'valid' ? reload.config?.markerKeys : undefined;
  expect(keys?.map((key) => key.reveal())).toEqual([after, before]);
});

test('a changed password of Redis is told as that alone, and the log says no more of it', async () => {
  const { beside, told, log } = follow(`${GOOD}muster: {redis: {password_file: redis.password}}\n`);

  for (const [at, password] of ['second-token', 'third-token'].entries()) {
    beside('redis.password', password);
    await eventually('the change was told', () => told.length === at + 1);
  }

  expect(told.map(({ kind }) => kind)).toEqual(['redis-password', 'redis-password']);
  expect(log.lines.map(({ message }) => message)).toEqual([
    'the password of redis has changed',
    'the password of redis has changed',
  ]);
});

test('SIGHUP has the file read at once, changed or not', async () => {
  const { told } = follow();

  process.emit('SIGHUP');

  await eventually('it was told', () => told.length === 1);
  expect(told).toEqual([{ kind: 'valid', config: null, restart: [] }]);
});

test('what is another installation is not taken up', async () => {
  const { replace, told } = follow();

  replace(GOOD.replace('discovery_group: g', 'discovery_group: h'));

  await eventually('it was told', () => told.length === 1);
  expect(told).toEqual([{ kind: 'valid', config: null, restart: ['discovery_service.discovery_group'] }]);
});

test.each([
  ['tags', 'tags: {env: }'],
  ['exclude_tags', 'exclude_tags: {keep: }'],
  ['include_accounts', 'include_accounts: null'],
])(
  'a selector that loses its value (%s) is refused, and the last good configuration stays',
  async (key, part) => {
    const { replace, told } = follow();

    replace(GOOD.replace("regions: ['*']", `regions: ['*'], ${part}`));
    await eventually('it was told', () => told.length === 1);

    expect(told[0]).toMatchObject({
      kind: 'invalid',
      faults: expect.stringMatching(new RegExp(`aws\\[0\\]\\.${key}.*: has no value`)),
    });
  },
);

/** A second document, in force for this long from now. */
function resource(forMs: number): string {
  const expires = new Date(Date.now() + forMs).toISOString();
  return `---\n${JSON.stringify({
    kind: 'discovery_config',
    version: 'v1',
    metadata: { name: 'short', expires },
    spec: { discovery_group: 'g', aws: [{ types: ['ec2'], regions: ['eu-west-1'] }] },
  })}\n`;
}

test('a discovery_config that expires while Muster runs takes its matchers along, with nothing touched', async () => {
  const { told, log } = follow(`${GOOD}${resource(700)}`);

  await eventually('it was told', () => told.length === 1);

  expect(told[0]).toMatchObject({ kind: 'valid', restart: [] });
  const [reload] = told;
  const labels = reload?.kind === 'valid' ? reload.config?.matchers.map(({ label }) => label) : null;
  expect(labels).toEqual(['discovery_service.aws[0]']);
  expect(log.lines.at(-1)).toMatchObject({
    message: 'configuration changed',
    fields: { notes: expect.arrayContaining([expect.stringContaining('its time is over')]) },
  });
});

test('an end that cannot be taken up is told once, not again and again', async () => {
  const { replace, told, log } = follow(`${GOOD}${resource(1500)}`);
  replace('version: v3\n');
  await eventually('the broken file was refused', () => told.length === 1);

  await eventually('the end has come, and was refused too', () => told.length === 2);
  // Longer than a timer that is set anew for the same end would wait.
  await new Promise((resolve) => setTimeout(resolve, 500));

  expect(told.map(({ kind }) => kind)).toEqual(['invalid', 'invalid']);
  expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
});
