import { anInstall, seededRandom } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import { hostileText } from './hostile-text.fixture.ts';
import { renderInstall } from './render-install.ts';

const PLAIN = anInstall({ joinToken: 'aws-discovery-iam-token' });
const TIMINGS = { executionTimeoutSeconds: 300 };

describe('AWS-RunShellScript', () => {
  test('gets the script line by line and the time limit in seconds', () => {
    const { documentName, parameters } = renderInstall(PLAIN, TIMINGS);

    expect(documentName).toBe('AWS-RunShellScript');
    expect(Object.keys(parameters).sort()).toEqual(['commands', 'executionTimeout']);
    expect(parameters['executionTimeout']).toEqual(['300']);
    expect(parameters['commands']?.at(-1)).toBe(`bash "$muster_script" 'aws-discovery-iam-token'`);
  });

  test('fetches the named installer from the public address over TLS 1.2 or newer, failing on HTTP errors', () => {
    const script = renderInstall({ ...PLAIN, scriptName: 'preprod-installer' }, TIMINGS).parameters[
      'commands'
    ]?.join('\n');

    expect(script).toContain(
      `'https://teleport.example.com:443/v1/webapi/scripts/installer/preprod-installer'`,
    );
    expect(script).toMatch(/curl --fail .*--proto '=https' --tlsv1\.2 .*--retry 3/);
  });

  test('exports the environment before anything else, and nothing when there is nothing', () => {
    const settings = {
      ...PLAIN,
      suffix: 'blue',
      updateGroup: 'canary',
      httpsProxy: 'http://proxy:3128',
      noProxy: '*',
    };

    const withIt = renderInstall(settings, TIMINGS).parameters['commands'];
    const without = renderInstall(PLAIN, TIMINGS).parameters['commands'];

    expect(withIt?.[0]).toBe(
      `export TELEPORT_INSTALL_SUFFIX='blue' TELEPORT_UPDATE_GROUP='canary' HTTPS_PROXY='http://proxy:3128' NO_PROXY='*'`,
    );
    expect(without?.join('\n')).not.toContain('export');
  });

  test('holds nothing that SSM would take for a parameter of its own', () => {
    const settings = { ...PLAIN, suffix: 'blue', httpProxy: 'http://u:p@proxy:3128' };

    expect(renderInstall(settings, TIMINGS).parameters['commands']?.join('\n')).not.toMatch(/\{\{|\}\}/);
  });
});

describe('a custom document', () => {
  const CUSTOM = { ...PLAIN, documentName: 'TeleportDiscoveryInstaller' };

  test("gets Teleport's token and scriptName, and no env when nothing is to be set", () => {
    expect(renderInstall(CUSTOM, TIMINGS)).toEqual({
      documentName: 'TeleportDiscoveryInstaller',
      parameters: { token: ['aws-discovery-iam-token'], scriptName: ['default-installer'] },
    });
  });

  test('gets env as assignments joined by spaces', () => {
    const settings = {
      ...CUSTOM,
      suffix: 'blue',
      httpProxy: 'http://proxy:3128',
      noProxy: '.internal,10.0.0.0/8',
    };

    expect(renderInstall(settings, TIMINGS).parameters['env']).toEqual([
      'TELEPORT_INSTALL_SUFFIX=blue HTTP_PROXY=http://proxy:3128 NO_PROXY=.internal,10.0.0.0/8',
    ]);
  });

  test('gets values quoted that its shell would read otherwise', () => {
    const settings = { ...CUSTOM, httpProxy: 'http://u:a&b@proxy:3128', noProxy: '*.internal' };

    expect(renderInstall(settings, TIMINGS).parameters['env']).toEqual([
      `HTTP_PROXY='http://u:a&b@proxy:3128' NO_PROXY='*.internal'`,
    ]);
  });
});

describe('values outside their alphabets', () => {
  const NAMES = [
    'joinToken',
    'scriptName',
    'scriptSha256',
    'publicProxyAddr',
    'suffix',
    'updateGroup',
    'httpProxy',
    'httpsProxy',
    'noProxy',
    'documentName',
  ] as const;

  test.each(NAMES)('%s is refused, without repeating the value', (name) => {
    const render = () => renderInstall({ ...PLAIN, [name]: "x'; s3cr3t $(id)" }, TIMINGS);

    expect(render).toThrow(expect.objectContaining({ code: 'config.unsafe', details: { setting: name } }));
    expect(render).not.toThrow(/s3cr3t/);
  });

  test.each(['AWS-RunShellScript', 'TeleportDiscoveryInstaller'])(
    '2,000 hostile values never get into a command for %s',
    (documentName) => {
      const random = seededRandom(3);
      let refused = 0;
      for (let i = 0; i < 2000; i += 1) {
        const name = NAMES[Math.floor(random() * (NAMES.length - 1))] ?? 'joinToken';
        const value = hostileText(random);
        if (!/['"`$\\;|<>(){}\s\p{Cc}]/u.test(value)) continue;

        expect(() => renderInstall({ ...PLAIN, documentName, [name]: value }, TIMINGS)).toThrow(
          /may not reach a host/,
        );
        refused += 1;
      }

      expect(refused).toBeGreaterThan(1000);
    },
  );
});
