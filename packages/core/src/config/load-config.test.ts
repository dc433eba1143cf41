import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatFaults } from './source/report.ts';
import { configPath, loadConfig } from './load-config.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'muster-config-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function faultsOf(path: string): string {
  const result = loadConfig(path, {});
  return result.ok ? '' : formatFaults(result.faults);
}

describe('loadConfig', () => {
  test('says what to do when the file is missing', () => {
    expect(faultsOf(join(dir, 'muster.yaml'))).toMatch(
      /muster\.yaml: does not exist: write one .*MUSTER_CONFIG$/,
    );
  });

  test('knows the directory that Docker makes in place of a missing file', () => {
    mkdirSync(join(dir, 'muster.yaml'));

    expect(faultsOf(join(dir, 'muster.yaml'))).toMatch(/is a directory, not a file\. Docker makes one/);
  });

  test('reads files that the configuration names from its own folder', () => {
    writeFileSync(join(dir, 'password.txt'), 'correct horse\n');
    writeFileSync(
      join(dir, 'muster.yaml'),
      'version: v3\ndiscovery_service: {enabled: false}\nmuster: {console: {listen: "0.0.0.0:80", password_file: password.txt}}\n',
    );

    const result = loadConfig(join(dir, 'muster.yaml'), {});

    expect(result.ok && result.config.console.password?.reveal()).toBe('correct horse');
  });

  describe('the password of Redis', () => {
    const file = (redis: string): string => {
      const path = join(dir, 'muster.yaml');
      writeFileSync(path, `version: v3\ndiscovery_service: {enabled: false}\nmuster: {redis: ${redis}}\n`);
      return path;
    };
    const urlOf = (path: string, env: Record<string, string> = {}): string | false => {
      const result = loadConfig(path, env);
      return result.ok && result.config.redis.url.reveal();
    };

    test('is read from a file beside the configuration, whatever characters it has', () => {
      writeFileSync(join(dir, 'redis.txt'), 'a%b@c:/d é\n');

      const url = urlOf(file('{url: "redis://redis:6379/2", password_file: redis.txt}'));

      expect(decodeURIComponent(new URL(url || 'x:').password)).toBe('a%b@c:/d é');
      expect(url).toMatch(/^redis:\/\/:[^@]*@redis:6379\/2$/);
    });

    test('is found again from any folder', () => {
      writeFileSync(join(dir, 'redis.txt'), 'a');

      const result = loadConfig(relative(process.cwd(), file('{password_file: redis.txt}')), {});

      expect(result.ok && result.config.redis.passwordFile).toBe(join(dir, 'redis.txt'));
    });

    test('may be in a file that the environment names, and goes with the address there', () => {
      writeFileSync(join(dir, 'env.txt'), 'fromenv');

      const env = { REDIS_URL: 'redis://muster@redis:6379', REDIS_PASSWORD_FILE: join(dir, 'env.txt') };

      expect(urlOf(file('{password_file: nowhere.txt}'), env)).toBe('redis://muster:fromenv@redis:6379');
    });

    test('of a URL that has one is the URL’s, with a note', () => {
      writeFileSync(join(dir, 'redis.txt'), 'other');

      const result = loadConfig(file('{url: "redis://:own@redis", password_file: redis.txt}'), {});

      expect(result.ok && result.config.redis.url.reveal()).toBe('redis://:own@redis');
      expect(result.notes.map(({ message }) => message)).toContain(
        'not read: the Redis URL has a password of its own',
      );
    });

    test('is a fault where the file is missing or empty, or the password stands in the configuration', () => {
      writeFileSync(join(dir, 'empty.txt'), '\n');

      expect(faultsOf(file('{password_file: nowhere.txt}'))).toContain('the file nowhere.txt');
      expect(faultsOf(file('{password_file: empty.txt}'))).toContain('the file empty.txt is empty');
      expect(faultsOf(file('{password: hunter2}'))).toMatch(/muster\.redis\.password.*password_file/);
      expect(faultsOf(file('{password: hunter2}'))).not.toContain('hunter2');
    });
  });

  test('says in which line the bytes are no UTF-8', () => {
    writeFileSync(join(dir, 'muster.yaml'), Buffer.from('version: v3\nteleport: \xff\n', 'latin1'));

    expect(faultsOf(join(dir, 'muster.yaml'))).toMatch(
      /muster\.yaml:2:1:? is no UTF-8 text: save it as UTF-8/,
    );
  });

  test('does not wait for a password that is a device', () => {
    const console = '{listen: "0.0.0.0:80", password_file: /dev/zero}';
    writeFileSync(
      join(dir, 'muster.yaml'),
      `version: v3\ndiscovery_service: {enabled: false}\nmuster: {console: ${console}}\n`,
    );

    expect(faultsOf(join(dir, 'muster.yaml'))).toMatch(/the file \/dev\/zero is a device, not a file/);
  });

  test('names the file in every fault', () => {
    writeFileSync(join(dir, 'muster.yaml'), 'version: v3\n');

    expect(faultsOf(join(dir, 'muster.yaml'))).toBe(
      `${join(dir, 'muster.yaml')}:1:1 discovery_service: is missing: paste it from teleport.yaml`,
    );
  });
});

describe('configPath', () => {
  test.each([
    ['a.yaml', { MUSTER_CONFIG: 'b.yaml' }, 'a.yaml'],
    [undefined, { MUSTER_CONFIG: 'b.yaml' }, 'b.yaml'],
    [undefined, { MUSTER_CONFIG: '' }, './muster.yaml'],
    [undefined, {}, './muster.yaml'],
  ])('argument %s, environment %j → %s', (argument, env, expected) => {
    expect(configPath(argument, env)).toBe(expected);
  });
});
