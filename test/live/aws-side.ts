/** One of the two that are asked the same questions: the named account, or a simulator of our own. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CaseCaller, ConformanceCase, ConformanceIds } from '@muster/aws-sim/conformance/case';
import { usualCaller } from '@muster/aws-sim/conformance/case';
import type { FoundIds } from '@muster/aws-sim/conformance/found-ids';
import type { PagedCall } from '@muster/aws-sim/conformance/paged-calls';
import { clientsOf, type ClientSource, type SdkClients } from '@muster/aws-sim/testing/sdk-clients';
import { type SentCall, watchClients } from './watch-clients.ts';

/** Where clients call, without the region. */
type Access = Omit<ClientSource, 'region'>;

/** How a side is reached. */
export interface AwsSideOptions {
  readonly discovery: Access;
  readonly member: Access;
  /** Whose keys are broken on purpose; the others are invented. */
  readonly brokenKeys: { readonly accessKeyId: string; readonly sessionToken?: string };
  readonly ids: FoundIds;
  /** Where a case that names no region is asked. */
  readonly region: string;
  /** A region that is off; null where none is known. */
  readonly closedRegion: string | null;
  /** Pause before each call. */
  readonly paceMs: number;
}

/** How a call ended, as a client sees it. */
export interface Answer {
  readonly api: string;
  readonly behavior: string;
  readonly caller: CaseCaller;
  readonly input: unknown;
  /** `err.name`; empty when it went well. */
  readonly name: string;
  readonly status: number;
  readonly message: string;
  readonly output: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** Refusals for being too fast, before this answer. */
  readonly throttles: readonly Throttle[];
}

/** A refusal for being too fast. */
export interface Throttle {
  readonly name: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** What pages of one listing had for a token. */
export interface Pages {
  /** Of the pages before the last one that was asked for: `token`, `empty` or `absent` */
  readonly tokens: readonly string[];
  /** Of a page that holds all; null where even the longest page has another after it. */
  readonly last: string | null;
  readonly outputs: readonly unknown[];
}

export interface AwsSide {
  ask(entry: ConformanceCase): Promise<Answer | { readonly notAsked: string }>;
  page(api: string, paged: PagedCall): Promise<Pages | { readonly notAsked: string }>;
}

const INVENTED = { accessKeyId: 'AKIAUNKNOWNUNKNOWN00', secretAccessKey: 'x' };
const TOO_FAST = new Set([
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
]);
const MOST_TRIES = 5;
const MOST_PAGES = 3;
/** The region that is off in the conformance world. */
const CLOSED_IN_WORLD = 'me-south-1';
const USUAL_REGION = 'us-east-1';

/** Every call of a side goes through `watchClients`, with no role to assume. */
export function createAwsSide(options: AwsSideOptions): AwsSide {
  const known = new Map<string, SdkClients>();
  let sent: SentCall | null = null;
  const ids = strictIds(options.ids);

  function clientsFor(caller: CaseCaller, region: string): SdkClients {
    const key = `${caller} ${region}`;
    const clients =
      known.get(key) ??
      watchClients(clientsOf({ ...accessOf(caller), region }), null, (call) => {
        sent = call;
      });
    known.set(key, clients);
    return clients;
  }

  function accessOf(caller: CaseCaller): Access {
    const { discovery, member, brokenKeys } = options;
    if (caller === 'wrong-secret') {
      return { ...discovery, credentials: { ...brokenKeys, secretAccessKey: 'another' } };
    }
    if (caller === 'unknown-key') return { ...discovery, credentials: INVENTED };
    return caller === 'member' ? member : discovery;
  }

  function regionOf(name: string | undefined): string | null {
    if (name === CLOSED_IN_WORLD) return options.closedRegion;
    return name === undefined || name === USUAL_REGION ? options.region : null;
  }

  async function ask(entry: ConformanceCase): Promise<Answer | { notAsked: string }> {
    const caller = entry.as ?? usualCaller(entry.api);
    const region = regionOf(entry.region);
    if (region === null) return { notAsked: 'needs a region that is off in this account' };
    const clients = clientsFor(caller, region);
    const throttles: Throttle[] = [];
    for (;;) {
      if (options.paceMs > 0) await sleep(options.paceMs);
      sent = null;
      const { name, status, message, output } = await outcomeOf(async () => entry.call(clients, ids));
      const missing = /^no such id: (\w+)$/.exec(message)?.[1];
      if (missing !== undefined) return { notAsked: `needs ${missing}, and none was found` };
      const call = sent as SentCall | null;
      const headers = call?.headers ?? {};
      if (TOO_FAST.has(name) && throttles.length < MOST_TRIES) {
        throttles.push({ name, status, headers });
        await sleep(options.paceMs * 2 ** throttles.length);
        continue;
      }
      const { api, behavior } = entry;
      return {
        api,
        behavior,
        caller,
        input: call?.input ?? null,
        name,
        status,
        message,
        output,
        headers,
        throttles,
      };
    }
  }

  async function page(api: string, paged: PagedCall): Promise<Pages | { notAsked: string }> {
    const tokens: string[] = [];
    const outputs: unknown[] = [];
    let token: string | undefined;
    const next = async (MaxResults: number): Promise<string | { notAsked: string }> => {
      const NextToken = token;
      const call: ConformanceCase['call'] = async (clients, known) =>
        (await paged.call(clients, known, {
          MaxResults,
          ...(NextToken === undefined ? {} : { NextToken }),
        })) as {
          $metadata: object;
        };
      const answer = await ask({ api, behavior: 'page', source: 'model', call, expect: ['', 200] });
      if ('notAsked' in answer) return answer;
      if (answer.name !== '') return { notAsked: answer.name };
      outputs.push(answer.output);
      token = (answer.output as { NextToken?: string }).NextToken;
      if (token === undefined) return 'absent';
      return token === '' ? 'empty' : 'token';
    };
    for (let count = 0; count < MOST_PAGES; count += 1) {
      const kind = await next(paged.least);
      if (typeof kind !== 'string') return kind;
      tokens.push(kind);
      if (kind !== 'token') break;
    }
    if (tokens.at(-1) !== 'token') {
      return { tokens: tokens.slice(0, -1), last: tokens.at(-1) ?? null, outputs };
    }
    token = undefined;
    const kind = await next(paged.most);
    if (typeof kind !== 'string') return kind;
    return { tokens, last: kind === 'token' ? null : kind, outputs };
  }

  return { ask, page };
}

/** Ids whose absence stops the case that asks for them. */
function strictIds(found: FoundIds): ConformanceIds {
  return new Proxy(found as ConformanceIds, {
    get: (target, name) => {
      const id: unknown = Reflect.get(target, name);
      if (typeof id !== 'string' || id === '') throw new Error(`no such id: ${String(name)}`);
      return id;
    },
  });
}

type Outcome = Pick<Answer, 'name' | 'status' | 'message' | 'output'>;

async function outcomeOf(call: () => Promise<object>): Promise<Outcome> {
  try {
    const { $metadata, ...output } = (await call()) as { $metadata?: { httpStatusCode?: number } };
    return { name: '', status: $metadata?.httpStatusCode ?? 0, message: '', output };
  } catch (error) {
    const known = error as Error & { $metadata?: { httpStatusCode?: number } };
    return {
      name: known.name,
      status: known.$metadata?.httpStatusCode ?? 0,
      message: known.message,
      output: null,
    };
  }
}
