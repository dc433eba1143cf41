import type { CaseCaller, ConformanceCase } from './case.ts';
import { USUAL_CALLS } from './usual-calls.ts';

type Refusal = readonly [name: string, status: number];
type Service = 'sts' | 'organizations' | 'account' | 'ec2' | 'ssm';

/** How each service refuses a signature made with another secret, and a key it does not know. */
const WRONG_SECRET: Readonly<Record<Service, Refusal>> = {
  sts: ['SignatureDoesNotMatch', 403],
  organizations: ['InvalidSignatureException', 400],
  account: ['InvalidSignatureException', 403],
  ec2: ['AuthFailure', 401],
  ssm: ['InvalidSignatureException', 400],
};
const UNKNOWN_KEY: Readonly<Record<Service, Refusal>> = {
  sts: ['InvalidClientTokenId', 403],
  organizations: ['UnrecognizedClientException', 400],
  account: ['UnrecognizedClientException', 403],
  ec2: ['AuthFailure', 401],
  ssm: ['UnrecognizedClientException', 400],
};
/** How a service refuses a caller that it knows. */
const DENIED: Readonly<Record<Service, Refusal>> = {
  sts: ['AccessDenied', 403],
  organizations: ['AccessDeniedException', 400],
  account: ['AccessDeniedException', 403],
  ec2: ['UnauthorizedOperation', 403],
  ssm: ['AccessDeniedException', 400],
};

function serviceOf(api: string): Service {
  return api.slice(0, api.indexOf(':')) as Service;
}

function refusals(
  behavior: string,
  as: CaseCaller,
  by: Readonly<Record<Service, Refusal>>,
  services: readonly Service[],
  more: Pick<ConformanceCase, 'region' | 'message'> = {},
): ConformanceCase[] {
  return Object.entries(USUAL_CALLS)
    .filter(([api]) => services.includes(serviceOf(api)))
    .map(([api, call]) => ({
      api,
      behavior: `usual call, ${behavior}`,
      source: 'docs',
      as,
      call,
      expect: by[serviceOf(api)],
      ...more,
    }));
}

const ALL: readonly Service[] = ['sts', 'organizations', 'account', 'ec2', 'ssm'];
const NO_POLICY =
  /is not authorized to perform: \w+:\w+ .*because no identity-based policy allows the \w+:\w+ action$/u;

/** Every operation, asked by those who must not get an answer. */
export const ACCESS_CASES: readonly ConformanceCase[] = [
  ...refusals('wrong secret', 'wrong-secret', WRONG_SECRET, ALL),
  ...refusals('unknown key', 'unknown-key', UNKNOWN_KEY, ALL),
  ...refusals('discovery principal has no such permission', 'discovery', DENIED, ['account', 'ec2', 'ssm'], {
    message: NO_POLICY,
  }),
  ...refusals('region denied by a service control policy', 'scp', DENIED, ['ec2', 'ssm'], {
    region: 'eu-west-1',
    message: /with an explicit deny in a service control policy$/u,
  }),
  ...refusals('region not enabled', 'member', UNKNOWN_KEY, ['ec2', 'ssm'], { region: 'me-south-1' }),
];
