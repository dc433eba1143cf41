/** What a Teleport cluster is asked: its public pages, and lists by tctl. Nothing is created, and no secret is read. */
import { spawn } from 'node:child_process';
import type { Difference } from './compare-answers.ts';
import { isDataMap, type Redactor } from './redact.ts';
import { addToShape, compareShapes, type Shape } from './shape.ts';

/** Where a cluster is, and by which tctl it is asked. */
export interface ClusterAccess {
  /** `https://teleport.example.com:443` */
  readonly url: string;
  /** Program and arguments that every call begins with; null: the cluster's lists are not asked for. */
  readonly tctl: readonly string[] | null;
  readonly env: NodeJS.ProcessEnv;
}

/** How one question was answered. */
export interface ClusterAnswer {
  readonly question: string;
  /** HTTP status, or exit code. */
  readonly code: number;
  /** Media type of a page; empty for tctl. */
  readonly type: string;
  /** The JSON of the answer; null where it is none. */
  readonly json: unknown;
  readonly text: string;
}

/** Pages that every host may read. */
const PAGES = [
  '/webapi/find',
  '/webapi/ping',
  '/v1/webapi/scripts/installer/default-installer',
  '/v1/webapi/scripts/installer/there-is-no-such-installer',
  '/webapi/automaticupgrades/channel/default/version',
] as const;

/** All that tctl is run with. Tokens and authorities are not among it: a record must never hold a secret. */
export const TCTL_CALLS: readonly (readonly string[])[] = [
  ['version'],
  ['get', 'nodes', '--format=json'],
  ['get', 'nodes/there-is-no-such-node', '--format=json'],
  ['get', 'discovery_config', '--format=json'],
  ['get', 'discovery_service', '--format=json'],
  ['get', 'server_info', '--format=json'],
  ['inventory', 'list', '--services=discovery', '--format=json'],
];

const TIMEOUT_MS = 30_000;

export async function askCluster({ url, tctl, env }: ClusterAccess): Promise<readonly ClusterAnswer[]> {
  const answers: ClusterAnswer[] = [];
  for (const path of PAGES) answers.push(await readPage(url, path));
  if (tctl === null) return answers;
  for (const call of TCTL_CALLS) answers.push(await runTctl(tctl, call, env));
  return answers;
}

async function readPage(url: string, path: string): Promise<ClusterAnswer> {
  const response = await fetch(new URL(path, url), {
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  const type = (response.headers.get('content-type') ?? '').toLowerCase().replace(/;.*$/, '');
  const json = type === 'application/json' ? readJson(text) : null;
  return { question: `GET ${path}`, code: response.status, type, json, text };
}

async function runTctl(
  [program = 'tctl', ...first]: readonly string[],
  call: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<ClusterAnswer> {
  const child = spawn(program, [...first, ...call], {
    // No update of itself, and nothing of AWS or Redis.
    env: { ...env, TELEPORT_TOOLS_VERSION: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      resolve(status ?? -1);
    });
  });
  const json = code === 0 && call.includes('--format=json') ? readJson(stdout) : null;
  return { question: `tctl ${call.join(' ')}`, code, type: '', json, text: code === 0 ? stdout : stderr };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** A refusal by the role of the identity: nothing that a simulator is to blame for. */
export function isRefusal({ text }: ClusterAnswer): boolean {
  return /access denied/i.test(text);
}

/** Question by question. A list of nodes is compared by its fields; a script by its status and type alone. */
export function compareClusters(
  real: readonly ClusterAnswer[],
  simulated: readonly ClusterAnswer[],
): readonly Difference[] {
  return real.flatMap((mine) => {
    const theirs = simulated.find((one) => one.question === mine.question);
    if (theirs === undefined || (mine.code !== theirs.code && isRefusal(mine))) return [];
    const difference = (kind: Difference['kind'], text: string): Difference => ({
      api: mine.question,
      kind,
      text,
    });
    if (mine.code !== theirs.code) {
      return [difference('outcome', `ended with ${mine.code} really, ${theirs.code} simulated`)];
    }
    const types =
      mine.type === theirs.type
        ? []
        : [difference('headers', `${mine.type} really, ${theirs.type} simulated`)];
    if (mine.json === null || theirs.json === null) {
      if ((mine.json === null) === (theirs.json === null)) return types;
      return [...types, difference('fields', `${mine.json === null ? 'no JSON' : 'JSON'} really`)];
    }
    const [one, other]: [Shape, Shape] = [new Map(), new Map()];
    addToShape(one, mine.json, isDataMap);
    addToShape(other, theirs.json, isDataMap);
    return [...types, ...compareShapes(one, other).map((text) => difference('fields', text))];
  });
}

/** What of an answer goes into a record. Scripts and other plain texts are told by their length. */
export function recordOf({ question, code, type, json, text }: ClusterAnswer, redactor: Redactor): object {
  return {
    question,
    code,
    type,
    ...(json === null ? { text: `text of ${text.length}` } : { json: redactor.value(json) }),
  };
}
