import { installScript } from '@muster/core/install/install-script';
import { renderInstall } from '@muster/core/install/render-install';
import type { InstallSettings } from '@muster/core/scan/matcher';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { runChecker } from './command-here.fixture.ts';
import { exampleSettings, fileOf } from './example.fixture.ts';
import { ssmDocument } from './ssm-document.ts';

const SETTINGS = exampleSettings({ document: 'TeleportDiscoveryInstaller' });
const INSTALL: InstallSettings = {
  documentName: 'TeleportDiscoveryInstaller',
  joinToken: 'aws-discovery-iam-token',
  scriptName: 'default-installer',
  scriptSha256: null,
  publicProxyAddr: 'teleport.example.com:443',
  suffix: 'blue',
  updateGroup: 'canary-1',
  httpProxy: 'http://proxy.internal:3128',
  httpsProxy: 'http://user:p%40ss@proxy.internal:3128',
  noProxy: '169.254.169.254,*.internal,10.0.0.0/8,[::1]',
};

function patternOf(parameter: string): RegExp {
  return new RegExp(ssmDocument(SETTINGS).parameters[parameter]?.allowedPattern ?? '^$^', 'u');
}

/** What the agent hands to sh, with parameters put in as SSM does: as they are. */
function scriptWith(values: Readonly<Record<string, string>>): string {
  const [step] = ssmDocument(SETTINGS).mainSteps;
  return (step?.inputs.runCommand ?? [])
    .join('\n')
    .replaceAll(/\{\{ (\w+) \}\}/g, (_, name: string) => values[name] ?? '');
}

test("the parameters are those of the guide's document", () => {
  const { parameters } = ssmDocument(SETTINGS);

  expect(Object.keys(parameters)).toEqual(['token', 'scriptName', 'env']);
  expect(parameters['env']?.default).toBe('X=$X');
});

test('what Muster sends is let in, with every setting and with none', () => {
  const none = { suffix: null, updateGroup: null, httpProxy: null, httpsProxy: null, noProxy: null };
  for (const install of [INSTALL, { ...INSTALL, ...none }]) {
    const { parameters } = renderInstall(install, { executionTimeoutSeconds: 300 });
    const refused = Object.entries(parameters).filter(
      ([name, [value]]) => !patternOf(name).test(value ?? ''),
    );
    expect(refused).toEqual([]);
  }
  expect('X=$X').toMatch(patternOf('env'));
});

test.each([
  ['token', "x'; id; '"],
  ['token', '-c'],
  ['token', 'a b'],
  ['scriptName', '../x'],
  ['scriptName', "x'"],
  ['scriptName', ''],
  ['env', 'A=$(id)'],
  ['env', 'A=b; id'],
  ['env', "A='b'; id"],
  ['env', "A='`id`'"],
  ['env', 'A=b\nid'],
  ['env', 'A=b && id'],
  ['env', 'id'],
])('%s refuses %j', (name, value) => {
  expect(value).not.toMatch(patternOf(name));
});

test('the script is one that sh reads, and brings what the parameters say', () => {
  const { parameters } = renderInstall(INSTALL, { executionTimeoutSeconds: 300 });
  const script = scriptWith(
    Object.fromEntries(Object.entries(parameters).map(([name, [value]]) => [name, value ?? ''])),
  );

  expect(runChecker('sh', ['-n'], script)).toBe('');
  expect(script).toContain('export TELEPORT_INSTALL_SUFFIX=blue TELEPORT_UPDATE_GROUP=canary-1 ');
  expect(script).toContain(
    "'https://teleport.example.com:443/v1/webapi/scripts/installer/default-installer'",
  );
  expect(script).toContain(`bash "$muster_script" 'aws-discovery-iam-token'`);
});

test.each([
  ['export X=$X', '/etc/teleport.yaml'],
  ['export TELEPORT_INSTALL_SUFFIX=blue', '/etc/teleport_blue.yaml'],
])('after %s, a foreign agent is looked for in %s', (environment, expected) => {
  const lines = scriptWith({ env: environment.replace('export ', '') }).split('\n');

  const shown = runChecker('sh', ['-c', `${lines.slice(0, 2).join('\n')}\necho "$muster_config"; exit 1`]);

  expect(shown).toContain(`: ${expected}\n`);
});

test("all but the first line is the script of Muster's own command", () => {
  const own = installScript({
    ...INSTALL,
    suffix: null,
    updateGroup: null,
    httpProxy: null,
    httpsProxy: null,
    noProxy: null,
  });

  expect(own[0]).toMatch(/^if \[ -e '\/etc\/teleport\.yaml' \]/);
  expect(
    scriptWith({ token: INSTALL.joinToken, scriptName: INSTALL.scriptName }).split('\n').slice(3),
  ).toEqual(own.slice(1));
});

test('no step has a precondition: SSM reports one that it skipped as a success', () => {
  expect(fileOf(SETTINGS, 'ssm/TeleportDiscoveryInstaller.yaml')).not.toContain('precondition');
});

test('file and template hold the same document', () => {
  const { Resources } = parse(fileOf(SETTINGS, 'cloudformation/ssm-document.yaml')) as {
    Resources: { InstallerDocument: { Properties: { Content: unknown } } };
  };

  expect(Resources.InstallerDocument.Properties.Content).toEqual(ssmDocument(SETTINGS));
  expect(parse(fileOf(SETTINGS, 'ssm/TeleportDiscoveryInstaller.yaml'))).toEqual(ssmDocument(SETTINGS));
});
