import type { SdkClients } from '../testing/sdk-clients.ts';

/** Who calls: the discovery principal, or the member role of one of the accounts of the conformance world. */
export type CaseCaller =
  | 'discovery'
  | 'member'
  | 'management'
  | 'gaps'
  | 'scp'
  | 'wrong-secret'
  | 'unknown-key';

/** One behavior of one operation, as a client sees it. */
export interface ConformanceCase {
  /** `ssm:SendCommand` */
  readonly api: string;
  /** What is shown: `valid`, a validation error, an access error … */
  readonly behavior: string;
  /** Where it is known from: the service model, a documentation page, an observation, or an assumption. */
  readonly source: 'model' | 'docs' | 'observed' | 'assumed';
  /** @default discovery for STS and Organizations, member for the rest */
  readonly as?: CaseCaller;
  /** @default us-east-1 */
  readonly region?: string;
  readonly call: (
    clients: SdkClients,
    ids: ConformanceIds,
  ) => Promise<{ $metadata: { httpStatusCode?: number | undefined } }>;
  /** `err.name` and HTTP status; name empty for success. */
  readonly expect: readonly [name: string, status: number];
  /** Must be in the message. */
  readonly message?: RegExp;
  /** Members that a good answer must have (`toMatchObject`). */
  readonly output?: object;
  /** Asks for what only the conformance world has: another organization answers otherwise, and rightly. @default false */
  readonly inWorldOnly?: boolean;
}

/** Who asks when a case does not say. */
export function usualCaller(api: string): CaseCaller {
  return api.startsWith('sts:') || api.startsWith('organizations:') ? 'discovery' : 'member';
}

/** Ids of the conformance world and of what was made before the cases run. */
export interface ConformanceIds {
  readonly management: string;
  readonly member: string;
  readonly suspended: string;
  readonly linux: string;
  readonly second: string;
  readonly windows: string;
  readonly unregistered: string;
  readonly stopped: string;
  readonly lost: string;
  readonly foreign: string;
  readonly terminated: string;
  readonly rootId: string;
  readonly unitId: string;
  /** A finished command on `linux`. */
  readonly commandId: string;
  /** A finished command of a document with steps for two platforms. */
  readonly steppedCommandId: string;
}

/** The usual shape of a success. */
export const OK = ['', 200] as const;

/** A validation error as most operations word it. */
export const INVALID = ['ValidationException', 400] as const;

/** Something that needs ids that exist only once the world runs. */
export type FromIds<T> = (ids: ConformanceIds) => T;

/** What a case may say besides its call and its answer. */
export type CaseDetails = Pick<ConformanceCase, 'message' | 'output' | 'as' | 'region' | 'inWorldOnly'>;
