// Makes sure that there is a Redis to use: REDIS_URL, a server on the PATH, or, when we are root, the system's package.
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fail, say } from './progress.js';
import { run } from './run.js';

const SERVERS = ['redis-server', 'valkey-server'];
const OLDEST_REDIS = [6, 2];

/** Package managers in the order they are looked for, each with the commands that bring a server. */
const PACKAGE_MANAGERS = [
  {
    program: 'apt-get',
    commands: [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'redis-server'],
    ],
  },
  {
    program: 'dnf',
    commands: [['dnf', 'install', '-y', '-q', 'valkey']],
    otherwise: ['dnf', 'install', '-y', '-q', 'redis'],
  },
  { program: 'apk', commands: [['apk', 'add', '--no-cache', '-q', 'redis']] },
];

/** Returns when there is a Redis to use, or ends with the commands that would bring one. */
export async function ensureRedis() {
  if (process.env.REDIS_URL) return;
  const found = findServer();
  if (found !== null) return checkVersion(found);
  const manager = PACKAGE_MANAGERS.find(({ program }) => find(program) !== null);
  if (process.getuid?.() === 0 && manager !== undefined) await install(manager);
  const installed = findServer();
  if (installed === null) fail(remedy(manager));
  return checkVersion(installed);
}

async function install({ program, commands, otherwise }) {
  if (process.env.MUSTER_NO_APT) {
    say(`no Redis found, and MUSTER_NO_APT is set: ${program} is not run`);
    return;
  }
  say(
    'no Redis found. The demo and the tests start one of their own, for which the system’s package is installed now, as root:',
  );
  for (const words of commands) say(`  ${words.join(' ')}`);
  say('(MUSTER_NO_APT=1 refuses that, and REDIS_URL names a Redis to use instead)');
  // RUNLEVEL=1: Debian's package would start a Redis of its own on the usual port.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  for (const [command, ...args] of commands) {
    const code = await run(command, args, { env, stdoutToStderr: true });
    if (code !== 0) say(`${command} ${args.join(' ')} ended with ${code}`);
  }
  if (otherwise !== undefined && findServer() === null) {
    await run(otherwise[0], otherwise.slice(1), { env, stdoutToStderr: true });
  }
}

function remedy(manager) {
  const install = manager?.commands.map((words) => `sudo ${words.join(' ')}`) ?? ['brew install redis'];
  return [
    'Redis 6.2 or newer (or Valkey) is needed, and none was found. Either',
    ...install.map((line) => `  ${line}`),
    'or name a running one that may be written to:',
    '  export REDIS_URL=redis://127.0.0.1:6379',
  ].join('\n');
}

function findServer() {
  return SERVERS.map(find).find((file) => file !== null) ?? null;
}

function find(program) {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter((part) => part !== '')) {
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here: look further along the path.
    }
  }
  return null;
}

function checkVersion(file) {
  const text = execFileSync(file, ['--version'], { encoding: 'utf8' });
  const [, major, minor] = /v=(\d+)\.(\d+)/.exec(text) ?? [];
  const isOld =
    Number(major) < OLDEST_REDIS[0] || (Number(major) === OLDEST_REDIS[0] && Number(minor) < OLDEST_REDIS[1]);
  if (isOld) fail(`${file} is version ${major}.${minor}: Redis 6.2 or newer is needed (or set REDIS_URL)`);
}
