/** What a route of `/api/v1` is. One table of them makes the handlers, their checks and the OpenAPI document. */
import { z } from 'zod';
import type { Problem } from '@muster/api/problem';
import type { Role } from '@muster/core/control/access/role';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from './api-deps.ts';
import type { ListAsked, ListRules } from './list-request.ts';
import type { ProblemStatus } from './problem.ts';

/** Where the API is mounted. Another version of it would have another path. */
export const API_PATH = '/api/v1';

/** A request whose every part fits its schema. */
export interface Asked<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Of a list: its page, sort and fields. Of any other route: what a list would begin with. */
  readonly list: ListAsked;
  readonly principal: Principal;
  /** Whether the principal may still look: for answers that go on for minutes. */
  readonly isStillKnown: () => Promise<boolean>;
  /** A header; null without. */
  readonly header: (name: string) => string | null;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** What a handler answers. A `body` of null is sent without one, and its status is 204. */
export type Reply<Answer> =
  | {
      readonly kind: 'answer';
      readonly body: Answer;
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'problem';
      readonly problem: Problem;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Written piece by piece; `write` ends when all is written, or the client has gone. */
  | {
      readonly kind: 'stream';
      readonly headers: Readonly<Record<string, string>>;
      readonly chunks: AsyncIterable<string>;
    };

/** What is sent is only read. */
type Sent<Body> = Body extends object ? { readonly [Field in keyof Body]: Sent<Body[Field]> } : Body;

/** The groups of the document, in its order. */
export const TAGS = {
  overview: 'Whether all is well, what needs an operator, what moves',
  accounts: 'Accounts, organizational units and targets, and how they were read',
  instances: 'Hosts: the list, and the whole story of one',
  findings: 'What is to be acted on, with remedy and owner',
  rollout: 'Waves, ramps, freeze windows, caps, brake, pauses and held changes',
  actions: 'What operators do: dry run first, then an object with progress',
  audit: 'Who did what',
  history: 'Figures over time',
  access: 'Who may come in, for admins: users and API tokens',
  system: 'Sweeps, configuration, processes, Redis, events, and this document',
} as const;

interface RouteText {
  readonly method: 'get' | 'post' | 'delete';
  /** Below `/api/v1`, with parameters as `{name}`. */
  readonly path: `/${string}`;
  readonly operationId: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly description?: string;
  /** The least role that may ask. */
  readonly role: Role;
  /** What it can answer beside its answer and what every route can. */
  readonly problems?: readonly ProblemStatus[];
  /** Of a list: by what it sorts, and what rows are. */
  readonly list?: ListRules;
  /** Headers that it reads, for the document. */
  readonly headers?: z.ZodObject;
}

/** Of answers that are no JSON: their media type. */
interface StreamAnswer {
  readonly media: string;
  readonly description: string;
}

interface RouteShape<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> extends RouteText {
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Null: an answer without a body. */
  readonly answer: Answer | StreamAnswer | null;
  /** Of an answer that goes well. @default 200, and 204 without a body */
  readonly status?: 200 | 202 | 204;
  /** Another status with which it answers by the same schema. */
  readonly alsoStatus?: 202;
  /** A method in the type's sense: tables hold routes of different requests. */
  handle(
    asked: Asked<z.infer<Params>, z.infer<Query>, z.infer<Body>>,
    deps: ApiDeps,
  ): Promise<Reply<Sent<z.input<Answer>>>> | Reply<Sent<z.input<Answer>>>;
}

/** A route in a table. */
export type ApiRoute = RouteShape<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>;

/** The parameters of a route that has none. */
const NOTHING = z.strictObject({});

/** Makes a route: its handler sees exactly what its schemas let through. */
export function defineRoute<
  Answer extends z.ZodType,
  Params extends z.ZodObject = typeof NOTHING,
  Query extends z.ZodObject = typeof NOTHING,
  Body extends z.ZodType = z.ZodUndefined,
>(route: RouteShape<Params, Query, Body, Answer>): ApiRoute {
  return route;
}

/** Whether an answer is a stream of another media type than JSON. */
export function isStream(answer: ApiRoute['answer']): answer is StreamAnswer {
  return answer !== null && 'media' in answer;
}

/** The answer that was asked for. */
export function answer<Body>(body: Body, headers: Readonly<Record<string, string>> = {}): Reply<Body> {
  return { kind: 'answer', body, headers };
}

/** A problem as a reply. */
export function refuse(what: Problem, headers: Readonly<Record<string, string>> = {}): Reply<never> {
  return { kind: 'problem', problem: what, headers };
}
