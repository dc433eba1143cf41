import { inspect } from 'node:util';
import { seededRandom } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import { hostileText } from '../install/hostile-text.fixture.ts';
import { renderInstall } from '../install/render-install.ts';
import type { ReadFile } from './rules/section-rules.ts';
import type { Environment } from './environment.ts';
import { formatFaults } from './source/report.ts';
import { installationId } from './installation-id.ts';
import type { MusterConfig } from './model.ts';
import { parseConfig } from './parse-config.ts';

const MINIMAL = `version: v3
teleport: {proxy_server: teleport.example.com:443}
discovery_service:
  enabled: true
  discovery_group: prod
  aws:
    - types: [ec2]
      regions: ["*"]
      ssm: {document_name: AWS-RunShellScript}
`;

function compile(text: string, env: Environment = {}, readFile?: ReadFile): MusterConfig {
  const result = parseConfig(text, {
    file: 'muster.yaml',
    env,
    ...(readFile === undefined ? {} : { readFile }),
  });
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return result.config;
}

function faultsOf(text: string, env: Environment = {}, readFile?: ReadFile): string {
  const result = parseConfig(text, {
    file: 'muster.yaml',
    env,
    ...(readFile === undefined ? {} : { readFile }),
  });
  return result.ok ? '' : formatFaults(result.faults);
}

describe('a minimal configuration', () => {
  test("has Teleport's defaults and ours", () => {
    const config = compile(MINIMAL);

    expect(config).toMatchObject({
      proxyServer: 'teleport.example.com:443',
      enabled: true,
      discoveryGroup: 'prod',
      pollIntervalMs: 300_000,
      speed: 1,
      paused: false,
      limits: {
        installsInFlight: 1000,
        installsInFlightPerAccount: 250,
        installsInFlightPerTarget: 100,
        holdFirstSend: true,
      },
      install: {
        executionTimeoutSeconds: 300,
        deliveryTimeoutSeconds: 120,
        visibilityMs: 30_000,
        resendAfterMs: 370_000,
        sendWindowMs: 10_000,
      },
      inventory: { kind: 'tctl', command: 'tctl', args: [] },
      console: {
        host: '127.0.0.1',
        port: 8080,
        password: null,
        session: { idleMs: 1_800_000, longestMs: 43_200_000 },
      },
      worker: { host: '127.0.0.1', port: 9090 },
    });
    expect(config.matchers[0]).toMatchObject({
      label: 'discovery_service.aws[0]',
      partition: 'aws',
      role: { kind: 'ambient' },
      organization: null,
      tags: [],
      excludeTags: [{ key: 'muster:opt-out', values: ['*'] }],
      install: {
        joinToken: 'aws-discovery-iam-token',
        scriptName: 'default-installer',
        publicProxyAddr: 'teleport.example.com:443',
      },
    });
  });

  test('is frozen to its last part', () => {
    const config = compile(MINIMAL);

    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.matchers[0]?.install)).toBe(true);
    expect(Object.isFrozen(config.matchers[0]?.excludeTags[0]?.values)).toBe(true);
    expect(Object.isFrozen(config.limits)).toBe(true);
  });

  test('gives a command that can be sent', () => {
    const config = compile(MINIMAL);
    const install = config.matchers[0]?.install;

    const rendered = install && renderInstall(install, config.install);

    expect(rendered?.parameters['executionTimeout']).toEqual(['300']);
  });
});

test('a key named as something that every object has is unknown like any other', () => {
  expect(faultsOf(`${MINIMAL}muster: {constructor: 1}`)).toContain('unknown key; known here: ');
});

describe('the environment', () => {
  test('wins over the file', () => {
    const text = `${MINIMAL}muster: {redis: {url: redis://file}, console: {listen: "127.0.0.1:1"}, worker: {listen: "127.0.0.1:2"}}`;
    const env = {
      REDIS_URL: 'redis://env:6379',
      MUSTER_CONSOLE_LISTEN: '127.0.0.1:3',
      MUSTER_WORKER_LISTEN: '[::1]:4',
    };

    const config = compile(text, env);

    expect(config.redis.url.reveal()).toBe('redis://env:6379');
    expect(config.console).toMatchObject({ host: '127.0.0.1', port: 3 });
    expect(config.worker).toMatchObject({ host: '::1', port: 4 });
  });

  test('refuses an address of Redis whose database is not a number, or cannot be decoded', () => {
    for (const REDIS_URL of ['redis://redis/main', 'redis://redis:6379/0/1', 'redis://:50%off@redis']) {
      expect(faultsOf(MINIMAL, { REDIS_URL })).toContain('environment REDIS_URL: must be redis://');
    }
    expect(faultsOf(MINIMAL, { REDIS_URL: 'redis://redis:6379/7' })).toBe('');
  });

  test('counts an empty variable as none, and leaves the variables of others alone', () => {
    expect(
      compile(MINIMAL, {
        REDIS_URL: '',
        MUSTER_CONSOLE_LISTEN: '',
        HOME: '/root',
        MUSTERING: 'x',
      }).redis.url.reveal(),
    ).toBe('redis://127.0.0.1:6379');
  });
});

describe('simulated speed', () => {
  const SIMULATED = { MUSTER_SPEED: '100', AWS_ENDPOINT_URL: 'http://localhost:4566' };

  test('shortens what is ours, and nothing that AWS counts or dates', () => {
    const config = compile(MINIMAL.replace('ssm:', 'min_instance_age: 10m\n      ssm:'), SIMULATED);

    expect(config).toMatchObject({
      pollIntervalMs: 3000,
      install: {
        joinTimeoutMs: 3000,
        visibilityMs: 300,
        resendAfterMs: 3700,
        pollFirstMs: 50,
        executionTimeoutSeconds: 300,
        deliveryTimeoutSeconds: 120,
      },
      backoff: { operatorFirstMs: 6000, capMs: 864_000 },
      inventory: { refreshMs: 600, freshnessMs: 6000 },
      worker: { shutdownMs: 20_000 },
    });
    expect(config.matchers[0]?.minInstanceAgeMs).toBe(600_000);
  });

  test('leaves a send two seconds at least', () => {
    expect(compile(MINIMAL, SIMULATED).install.sendWindowMs).toBe(2000);
  });

  test('does not change the key of a matcher', () => {
    expect(compile(MINIMAL, SIMULATED).matchers[0]?.key).toBe(compile(MINIMAL).matchers[0]?.key);
  });

  test.each([
    [{ MUSTER_SPEED: '2' }],
    [{ MUSTER_SPEED: '2', AWS_ENDPOINT_URL: 'https://localhost.example.com' }],
    [
      {
        MUSTER_SPEED: '2',
        AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
        AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
      },
    ],
    [
      {
        MUSTER_SPEED: '2',
        AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
        AWS_ENDPOINT_URL_STS: 'https://sts.amazonaws.com',
      },
    ],
  ])('is refused where AWS could be the real one: %j', (env) => {
    expect(faultsOf(MINIMAL, env)).toMatch(/^environment MUSTER_SPEED: only a simulation/);
  });

  test('of 1 is no simulation and needs none', () => {
    expect(compile(MINIMAL, { MUSTER_SPEED: '1' }).speed).toBe(1);
  });
});

describe('the console', () => {
  const OPEN = `${MINIMAL}muster: {console: {listen: "0.0.0.0:8080", password_file: secret.txt}}`;

  test('takes its password from a file, without the last line break', () => {
    const config = compile(OPEN, {}, (path) => ({
      ok: true,
      text: path === 'secret.txt' ? 'correct horse\n' : '',
    }));

    expect(config.console.password?.reveal()).toBe('correct horse');
  });

  test.each([
    [
      'cannot be read',
      () => ({ ok: false, code: 'ENOENT', line: 0, problem: 'cannot be read (ENOENT)' }) as const,
      /the file secret.txt cannot be read \(ENOENT\)/,
    ],
    ['is empty', () => ({ ok: true, text: '\n' }) as const, /the file secret.txt is empty/],
    ['is too short', () => ({ ok: true, text: 'short' }) as const, /at least 8 characters/],
  ])('is refused when the file %s', (_name, readFile, expected) => {
    expect(faultsOf(OPEN, {}, readFile)).toMatch(expected);
  });

  test('is not left without a password by a name that is missing', () => {
    expect(faultsOf(`${MINIMAL}muster: {console: {password_file: ""}}`)).toContain('names no file');
  });

  test('is not opened by a password that cannot be typed', () => {
    expect(faultsOf(MINIMAL, { MUSTER_CONSOLE_LISTEN: '0.0.0.0:8080' })).toMatch(
      /would be open to the network/,
    );
    expect(
      faultsOf(MINIMAL, { MUSTER_CONSOLE_LISTEN: '0.0.0.0:8080', MUSTER_CONSOLE_BEHIND_LOOPBACK: '1' }),
    ).toBe('');
  });
});

describe('the brake', () => {
  test('may wait for as many outcomes as its window holds, and for no more', () => {
    const brake = (minOutcomes: number): string =>
      `${MINIMAL}muster: {brake: {window: 10, min_outcomes: ${minOutcomes}}}`;

    expect(compile(brake(10)).brake).toMatchObject({ window: 10, minOutcomes: 10 });
    expect(faultsOf(brake(11))).toContain('must be at most window (10)');
  });
});

describe('secrets', () => {
  test('appear neither in the printed configuration nor in a fault', () => {
    const env = { MUSTER_CONSOLE_PASSWORD: 'hunter2hunter2', REDIS_URL: 'redis://:hunter2@redis' };
    const config = compile(MINIMAL, env);

    expect(`${inspect(config, { depth: 9 })}${JSON.stringify(config)}`).not.toContain('hunter2');
    expect(faultsOf(MINIMAL, { REDIS_URL: 'http://:hunter2@redis' })).not.toContain('hunter2');
    expect(faultsOf(`${MINIMAL}muster: {redis: {url: "redis:/:hunter2@redis"}}`)).not.toContain('hunter2');
  });
});

describe('installationId', () => {
  test('is the same for the same cluster and group, whatever else changes', () => {
    const id = installationId(compile(MINIMAL));

    expect(id).toMatch(/^[0-9a-f]{12}$/);
    expect(installationId(compile(MINIMAL.replace(':443', ':3080').replace('["*"]', '[eu-west-1]')))).toBe(
      id,
    );
    expect(installationId(compile(MINIMAL.replace('prod', 'staging')))).not.toBe(id);
    expect(installationId(compile(MINIMAL.replace('teleport.example', 'other.example')))).not.toBe(id);
  });
});

describe('whatever is written', { timeout: 60_000 }, () => {
  test('1,500 damaged configurations are answered, not thrown at', () => {
    const random = seededRandom(5);
    const text = `${MINIMAL}      tags: {env: [prod]}\n      assume_role_name: a\n      organization: {organization_id: o-a1b2c3d4e5, organizational_units: {include: ["*"]}}\nmuster:\n  install: {timeout: 5m}\n---\nkind: discovery_config\nversion: v1\nmetadata: {name: x}\nspec: {discovery_group: prod, aws: []}\n`;
    const results = Array.from({ length: 1500 }, () => {
      const at = Math.floor(random() * text.length);
      const cut = Math.floor(random() * 12);
      return parseConfig(text.slice(0, at) + hostileText(random) + text.slice(at + cut), {
        file: 'f',
        env: {},
      });
    });

    const refused = results.filter((result) => !result.ok);
    expect(refused.length).toBeGreaterThan(500);
    expect(refused.filter((result) => result.faults.length === 0)).toEqual([]);
  });

  test('1,000 hostile install values are refused, or rendered without harm', () => {
    const random = seededRandom(9);
    const keys = ['join_token', 'script_name', 'suffix', 'update_group', 'public_proxy_addr'];
    const results = Array.from({ length: 1000 }, () => {
      const key = keys[Math.floor(random() * keys.length)] ?? 'join_token';
      const text = `${MINIMAL}      install: {${key}: ${JSON.stringify(hostileText(random))}}\n`;
      return parseConfig(text, { file: 'f', env: {} });
    });

    const matchers = results.flatMap((result) => (result.ok ? result.config.matchers : []));
    const rendered = matchers.map((matcher) =>
      renderInstall(matcher.install, { executionTimeoutSeconds: 300 }),
    );
    expect(rendered.length).toBeGreaterThan(10);
    expect(rendered.length).toBeLessThan(200);
  });
});
