import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anInstall, seededRandom } from '@muster/testing/builders';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { InstallSettings } from '../scan/matcher.ts';
import { hostileText } from './hostile-text.fixture.ts';
import { installScript } from './install-script.ts';

const SETTINGS = anInstall({ joinToken: 'aws-discovery-iam-token' });

/** curl, as far as the script uses it: notes its arguments (an empty one after each call), "downloads" an installer that notes its own. */
const CURL = `#!/bin/bash
printf '%s\\0' "$@" >> "$STUB_DIR/curl-args"; printf '\\0' >> "$STUB_DIR/curl-args"
printf '%s\\0' "\${TELEPORT_INSTALL_SUFFIX-}" "\${HTTP_PROXY-}" "\${HTTPS_PROXY-}" "\${NO_PROXY-}" "\${TELEPORT_UPDATE_GROUP-}" > "$STUB_DIR/curl-env"
case "$*" in */webapi/find*) exit "\${STUB_FIND_EXIT:-0}";; esac
while [ $# -gt 0 ]; do if [ "$1" = --output ]; then out=$2; fi; shift; done
printf 'printf "%%s\\\\0" "$#" "$@" > "$STUB_DIR/installer-args"; exit %s\\n' "\${STUB_INSTALLER_EXIT:-0}" > "$out"
exit "\${STUB_CURL_EXIT:-0}"
`;

/** What that installer's text hashes to. */
const INSTALLER_SHA256 = createHash('sha256')
  .update('printf "%s\\0" "$#" "$@" > "$STUB_DIR/installer-args"; exit 0\n')
  .digest('hex');

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'muster-install-'));
  mkdirSync(join(dir, 'bin'));
  mkdirSync(join(dir, 'etc'));
  mkdirSync(join(dir, 'tmp'));
  mkdirSync(join(dir, 'work'));
  tool('curl', CURL);
  tool('sudo', '#!/bin/sh\nexec "$@"\n');
  for (const name of ['bash', 'sh', 'awk', 'cut', 'dirname', 'mktemp', 'rm', 'sha256sum']) linkTool(name);
  disk(50_000);
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function tool(name: string, text: string): void {
  writeFileSync(join(dir, 'bin', name), text);
  chmodSync(join(dir, 'bin', name), 0o755);
}

/** The machine's own program, through a wrapper, so that a test may take it away. */
function linkTool(name: string): void {
  const path = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
  tool(name, `#!/bin/sh\nexec ${path} "$@"\n`);
}

function disk(freeMb: number | string): void {
  tool(
    'df',
    `#!/bin/sh\necho 'Filesystem 1048576-blocks Used Available Capacity Mounted on'\necho '/dev/root 99999 1 ${freeMb} 1% /'\n`,
  );
}

interface Run {
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly installerArgs: readonly string[] | null;
  readonly curlCalls: readonly (readonly string[])[];
  readonly curlEnvironment: readonly string[];
}

/** Runs the script as the SSM agent does, in `sh`, on a host whose /etc and tools are ours. */
function run(
  settings: InstallSettings,
  environment: Readonly<Record<string, string>> = {},
  shell = '/bin/sh',
): Run {
  const script = installScript(settings).join('\n').replaceAll("'/etc/teleport", `'${dir}/etc/teleport`);
  const ended = spawnSync(shell, ['-c', script], {
    cwd: join(dir, 'work'),
    env: { PATH: join(dir, 'bin'), STUB_DIR: dir, TMPDIR: join(dir, 'tmp'), ...environment },
    encoding: 'utf8',
  });
  const read = (name: string) => (existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8') : null);
  const words = (text: string) => text.split('\0').slice(0, -1);
  return {
    exitCode: ended.status,
    stderr: ended.stderr,
    installerArgs: ((text) => (text === null ? null : words(text)))(read('installer-args')),
    curlCalls: (read('curl-args') ?? '')
      .split('\0\0')
      .slice(0, -1)
      .map((call) => call.split('\0')),
    curlEnvironment: words(read('curl-env') ?? ''),
  };
}

describe('on a host that is fit', () => {
  test('runs the installer with the token as its only argument, and leaves no file behind', () => {
    const result = run(SETTINGS);

    expect(result).toMatchObject({ exitCode: 0, installerArgs: ['1', 'aws-discovery-iam-token'] });
    expect(result.curlCalls.map((call) => call.at(-1))).toEqual([
      'https://teleport.example.com:443/webapi/find',
      'https://teleport.example.com:443/v1/webapi/scripts/installer/default-installer',
    ]);
    expect(readdirSync(join(dir, 'tmp'))).toEqual([]);
  });

  test("ends with the installer's own exit code, such as 150", () => {
    expect(run(SETTINGS, { STUB_INSTALLER_EXIT: '150' }).exitCode).toBe(150);
  });

  test('lets the checks and the installer see the HTTP proxy, suffix and update group', () => {
    const result = run({
      ...SETTINGS,
      suffix: 'blue',
      updateGroup: 'canary',
      httpProxy: 'http://p:1',
      httpsProxy: 'http://u:a&b@p:2',
      noProxy: '*',
    });

    expect(result.curlEnvironment).toEqual(['blue', 'http://p:1', 'http://u:a&b@p:2', '*', 'canary']);
  });

  test('a figure of free space that cannot be read stops nothing', () => {
    disk('-');

    expect(run(SETTINGS).exitCode).toBe(0);
  });
});

describe('stops before anything changes', () => {
  test.each([
    ['bash', 100],
    ['sudo', 101],
    ['curl', 102],
  ])('without %s: %i', (name, code) => {
    rmSync(join(dir, 'bin', name));

    expect(run(SETTINGS)).toMatchObject({ exitCode: code, installerArgs: null });
  });

  test('with too little space: 103', () => {
    disk(1249);

    expect(run(SETTINGS)).toMatchObject({ exitCode: 103, installerArgs: null });
  });

  test('when the proxy cannot be reached: 104', () => {
    expect(run(SETTINGS, { STUB_FIND_EXIT: '7' })).toMatchObject({ exitCode: 104, installerArgs: null });
  });

  test("when the installer did not come completely: curl's own code, and what came is not run", () => {
    expect(run(SETTINGS, { STUB_CURL_EXIT: '18' })).toMatchObject({ exitCode: 18, installerArgs: null });
    expect(readdirSync(join(dir, 'tmp'))).toEqual([]);
  });

  test('when a Teleport agent is configured that discovery did not enroll: 120', () => {
    writeFileSync(join(dir, 'etc', 'teleport.yaml'), 'version: v3');

    expect(run(SETTINGS)).toMatchObject({ exitCode: 120, installerArgs: null, curlCalls: [] });
  });
});

describe('an installer that is pinned', () => {
  test('is run when it is the one that was reviewed', () => {
    expect(run({ ...SETTINGS, scriptSha256: INSTALLER_SHA256 })).toMatchObject({
      exitCode: 0,
      installerArgs: ['1', 'aws-discovery-iam-token'],
    });
  });

  test('is not run when one byte is different: 121, and the host says what it got', () => {
    const result = run({ ...SETTINGS, scriptSha256: INSTALLER_SHA256 }, { STUB_INSTALLER_EXIT: '7' });

    expect(result).toMatchObject({ exitCode: 121, installerArgs: null });
    expect(result.stderr).toMatch(/^the installer has the SHA-256 [0-9a-f]{64}, and another is configured/m);
    expect(readdirSync(join(dir, 'tmp'))).toEqual([]);
  });

  test('is not run where nothing can tell its SHA-256: 121', () => {
    rmSync(join(dir, 'bin', 'sha256sum'));

    const result = run({ ...SETTINGS, scriptSha256: INSTALLER_SHA256 });

    expect(result).toMatchObject({ exitCode: 121, installerArgs: null });
    expect(result.stderr).toContain('SHA-256 unknown');
  });
});

describe('an agent that discovery enrolled', () => {
  test('may be installed again', () => {
    writeFileSync(join(dir, 'etc', 'teleport.yaml'), 'version: v3');
    writeFileSync(join(dir, 'etc', 'teleport.yaml.discover'), '');

    expect(run(SETTINGS).exitCode).toBe(0);
  });

  test('with a suffix of its own is not disturbed by a hand-made one beside it', () => {
    writeFileSync(join(dir, 'etc', 'teleport.yaml'), 'version: v3');

    expect(run({ ...SETTINGS, suffix: 'blue' }).exitCode).toBe(0);
  });

  test('with a suffix is protected as well', () => {
    writeFileSync(join(dir, 'etc', 'teleport_blue.yaml'), 'version: v3');

    expect(run({ ...SETTINGS, suffix: 'blue' }).exitCode).toBe(120);
  });
});

// Every run starts a dozen processes, which a busy machine takes its time for.
describe('hostile values stay data', { timeout: 60_000 }, () => {
  test('1,000 scripts made of them are valid shell', () => {
    const random = seededRandom(11);
    const scripts = Array.from({ length: 1000 }, () => installScript(hostileSettings(random)).join('\n'));

    // Each in a function of its own, so that one shell checks them all; a broken quote would swallow the end.
    const text = scripts.map((script, i) => `f${i}() {\n${script}\n}`).join('\n');
    const bash = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
    const sh = spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' });

    expect([bash.status, bash.stderr, sh.status, sh.stderr]).toEqual([0, '', 0, '']);
  });

  test('1,000 scripts with a hostile pin are valid shell, and 40 of them run nothing that is pinned', () => {
    const random = seededRandom(31);
    const pinned = Array.from({ length: 1000 }, () => ({
      ...hostileSettings(random),
      scriptSha256: hostileText(random),
    }));
    const text = pinned
      .map((settings, i) => `f${i}() {\n${installScript(settings).join('\n')}\n}`)
      .join('\n');

    const bash = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
    const runs = pinned.slice(0, 40).map((settings) => run(settings));

    expect([bash.status, bash.stderr]).toEqual([0, '']);
    expect(new Set(runs.map(({ exitCode }) => exitCode))).toEqual(new Set([121]));
    expect(runs.every(({ installerArgs }) => installerArgs === null)).toBe(true);
    expect(readdirSync(join(dir, 'work'))).toEqual([]);
  });

  test.each(['/bin/sh', '/bin/bash'])(
    'in %s, 40 runs hand each value over unchanged and start nothing else',
    (shell) => {
      const random = seededRandom(23);
      for (let i = 0; i < 40; i += 1) {
        const settings = hostileSettings(random);
        rmSync(join(dir, 'curl-args'), { force: true });

        const result = run(settings, {}, shell);

        expect(result.installerArgs).toEqual(['1', settings.joinToken]);
        expect(result.curlCalls.at(-1)?.at(-1)).toBe(
          `https://${settings.publicProxyAddr}/v1/webapi/scripts/installer/${settings.scriptName}`,
        );
        expect(result.curlEnvironment).toEqual([
          settings.suffix ?? '',
          settings.httpProxy ?? '',
          settings.httpsProxy ?? '',
          settings.noProxy ?? '',
          settings.updateGroup ?? '',
        ]);
        expect(readdirSync(join(dir, 'work'))).toEqual([]);
      }
    },
  );
});

/** Settings that no configuration would let through: the quoting alone must hold. */
function hostileSettings(random: () => number): InstallSettings {
  const maybe = () => (random() < 0.7 ? hostileText(random) : null);
  return {
    documentName: 'AWS-RunShellScript',
    joinToken: hostileText(random),
    scriptName: hostileText(random),
    // Never equal to a hash: such a script stops before the installer.
    scriptSha256: null,
    publicProxyAddr: hostileText(random),
    suffix: maybe(),
    updateGroup: maybe(),
    httpProxy: maybe(),
    httpsProxy: maybe(),
    noProxy: maybe(),
  };
}
