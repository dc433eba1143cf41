import type { HostOutcome } from '../world/outcome.ts';
import type { HostNetwork, JoinAnswer } from './host-network.ts';
import type { Instructions } from './instructions.ts';

/** How a script ended on a host. */
export interface ScriptEnd {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A host that was given a command, as far as its script can tell. */
export interface HostRun {
  readonly outcome: HostOutcome;
  readonly instructions: Instructions;
  readonly network: HostNetwork;
  /** How long this host's installer takes, in simulated milliseconds. */
  readonly installMs: number;
  readonly sleep: (simMs: number) => Promise<void>;
  /** Whether an agent of this cluster is installed already. */
  readonly installed: boolean;
  /** Sends the join and records the node. */
  readonly join: (token: string, url: string) => Promise<JoinAnswer>;
  /** Called when the agent is on the disk. */
  readonly markInstalled: () => void;
  /** The installer's lock file: one installer at a time. */
  readonly lock: { readonly take: () => boolean; readonly release: () => void };
}

const PREFLIGHT_MESSAGES: Readonly<Record<number, string>> = {
  100: 'bash is not available',
  101: 'sudo is not available',
  102: 'curl is not available',
  103: 'not enough disk space: 1250 MB are needed in /opt/teleport',
  104: 'the Teleport proxy is not reachable',
  120: 'another agent is configured',
  122: 'this is the control container of a Bottlerocket host',
};

/** What a shell says about a program or a network that is not there, when nothing checked before. */
const RAW_FAILURES: Readonly<Record<number, readonly [exitCode: number, stderr: string]>> = {
  100: [127, 'sh: 1: bash: not found'],
  101: [127, 'bash: line 1: sudo: command not found'],
  102: [127, 'bash: line 1: curl: command not found'],
  103: [1, 'dpkg: error processing archive: No space left on device'],
  104: [7, 'curl: (7) Failed to connect to proxy: Connection refused'],
};

const end = (exitCode: number, stderr: string, stdout = ''): ScriptEnd => ({ exitCode, stdout, stderr });

/** How long the installer waits for its lock file. */
const LOCK_WAIT_MS = 30_000;

const FIXED_MS = {
  hangs: Number.POSITIVE_INFINITY,
  vanishes: Number.POSITIVE_INFINITY,
  'lock-held': LOCK_WAIT_MS,
  preflight: 0,
  'foreign-agent': 0,
  bottlerocket: 0,
  undeliverable: 0,
  terminated: 0,
  'invalid-platform': 0,
  'access-denied': 0,
} as const;

/** How long a script takes at least, in simulated milliseconds; infinite when it never ends. */
export function plannedMs(outcome: HostOutcome, installMs: number): number {
  const { kind } = outcome;
  return kind === 'joins' || kind === 'exits' || kind === 'join-refused'
    ? (outcome.durationMs ?? installMs)
    : FIXED_MS[kind];
}

/** Runs what a command tells a host; null when it never ends. Never rejects. */
export async function runOnHost(run: HostRun): Promise<ScriptEnd | null> {
  const { outcome, instructions } = run;
  const { call } = instructions;
  if (outcome.kind === 'hangs' || outcome.kind === 'vanishes') return null;
  if (outcome.kind === 'preflight') {
    await run.sleep(150);
    return preflight(instructions, outcome.exitCode);
  }
  if (outcome.kind === 'bottlerocket') {
    await run.sleep(150);
    return preflight(instructions, instructions.preflightCodes.has(122) ? 122 : 101);
  }
  if (outcome.kind === 'foreign-agent' && instructions.preflightCodes.has(120)) {
    await run.sleep(150);
    return preflight(instructions, 120);
  }
  if (call === null) {
    await run.sleep(100);
    return end(0, '');
  }
  const script = await run.network.fetchScript(call.url);
  if (script === null) return preflight(instructions, 104);
  if (script.status >= 400) {
    return call.failsOnHttpError
      ? end(22, `curl: (22) The requested URL returned error: ${script.status}`)
      : end(127, 'bash: line 1: syntax error near unexpected token, or command not found');
  }
  const { pin } = instructions;
  if (pin !== null && script.sha256 !== pin.sha256) {
    return end(pin.exitCode, `the installer has the SHA-256 ${script.sha256}, and another is configured`);
  }
  if (script.exitCode !== 0) {
    await run.sleep(500);
    return end(script.exitCode, `bash: the installer script ended with exit status ${script.exitCode}`);
  }
  return install(run, call.token, call.url);
}

function preflight(instructions: Instructions, code: number): ScriptEnd {
  if (instructions.preflightCodes.has(code)) return end(code, PREFLIGHT_MESSAGES[code] ?? '');
  const [exitCode, stderr] = RAW_FAILURES[code] ?? [1, ''];
  return end(exitCode, stderr);
}

/** Waits for another installer once, as the real one does. */
async function install(run: HostRun, token: string, url: string): Promise<ScriptEnd> {
  const take = (): boolean => run.outcome.kind !== 'lock-held' && run.lock.take();
  if (!take()) {
    await run.sleep(LOCK_WAIT_MS);
    if (!take()) return end(1, LOCK_MESSAGE);
  }
  const ended = await installLocked(run, token, url);
  run.lock.release();
  return ended;
}

const LOCK_MESSAGE =
  'ERROR: Could not get lock /var/lock/teleport_install.lock. Either remove it or wait for the other installer to finish.';

async function installLocked(run: HostRun, token: string, url: string): Promise<ScriptEnd> {
  const { outcome } = run;
  if (outcome.kind === 'foreign-agent') {
    await run.sleep(1_000);
    return end(1, 'ERROR: /etc/teleport.yaml is not managed by discovery: missing discover notice file');
  }
  if (outcome.kind === 'exits') {
    await run.sleep(outcome.durationMs ?? run.installMs);
    if (outcome.joins === true) await joinPatiently(run, token, url);
    return end(outcome.exitCode, outcome.stderr ?? '', outcome.stdout ?? '');
  }
  const durationMs = 'durationMs' in outcome ? outcome.durationMs : undefined;
  await run.sleep(run.installed ? 1_500 : (durationMs ?? run.installMs));
  if (token === '') return end(1, 'ERROR: the join token is missing');
  if (run.installed && outcome.kind === 'joins') {
    const again = await joinPatiently(run, token, url);
    return again.kind === 'refused' ? refused(again.error) : end(0, '', 'Configuration is up to date.');
  }
  run.markInstalled();
  if (outcome.kind === 'join-refused') return refused('node did not become ready (join cluster) within 5m0s');
  const answer = await joinPatiently(run, token, url);
  if (answer.kind === 'refused') return refused(answer.error);
  if (answer.kind === 'unreachable') return refused('node did not become ready (join cluster) within 5m0s');
  return end(0, '', (outcome.kind === 'joins' ? outcome.stdout : undefined) ?? DEFAULT_OUTPUT);
}

const DEFAULT_OUTPUT = [
  'Downloading the Teleport install script',
  'Installing teleport',
  'Created symlink /etc/systemd/system/multi-user.target.wants/teleport.service',
  'The Teleport service has started and joined the cluster.',
].join('\n');

/** The installer's answer when the agent is there and the cluster is not. */
function refused(error: string): ScriptEnd {
  return end(
    150,
    `ERROR: The Teleport agent is installed but did not join the cluster.\n${error}\n-- Journal of teleport.service --\nERRO [PROC:1] Instance failed to establish connection to cluster: ${error}`,
    'Installing teleport',
  );
}

async function joinPatiently(run: HostRun, token: string, url: string): Promise<JoinAnswer> {
  let answer: JoinAnswer = { kind: 'unreachable' };
  for (let attempt = 0; attempt < 4 && answer.kind === 'unreachable'; attempt += 1) {
    if (attempt > 0) await run.sleep(5_000);
    answer = await run.join(token, url);
  }
  return answer;
}
