/** Which cases of the conformance suite a real account can be asked: those that only look, as a caller that is there. */
import { ACCESS_CASES } from '@muster/aws-sim/conformance/access-cases';
import { type ConformanceCase, OK, usualCaller } from '@muster/aws-sim/conformance/case';
import { READ_CASES } from '@muster/aws-sim/conformance/command-result-cases';
import { EC2_CASES } from '@muster/aws-sim/conformance/ec2-cases';
import { ACCOUNT_CASES, STS_CASES } from '@muster/aws-sim/conformance/identity-cases';
import { ORGANIZATIONS_CASES } from '@muster/aws-sim/conformance/organizations-cases';
import { READ_ONLY_APIS } from '@muster/aws-sim/conformance/read-only';
import { SETTING_CASES } from '@muster/aws-sim/conformance/setting-cases';
import { DOCUMENT_CASES, NODE_CASES } from '@muster/aws-sim/conformance/ssm-cases';
import { USUAL_CALLS } from '@muster/aws-sim/conformance/usual-calls';

const LOOKS = new Set<string>(READ_ONLY_APIS);
/** How services refuse a caller that they know. */
const DENIALS = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation']);

/** The usual call of every operation that looks, so that each has an answer to look at. */
const USUAL_CASES: readonly ConformanceCase[] = READ_ONLY_APIS.flatMap((api) => {
  const call = USUAL_CALLS[api];
  return call === undefined ? [] : [{ api, behavior: 'usual call', source: 'model', call, expect: OK }];
});

const SUITE: readonly ConformanceCase[] = [
  ...USUAL_CASES,
  ...STS_CASES,
  ...ACCOUNT_CASES,
  ...ORGANIZATIONS_CASES,
  ...EC2_CASES,
  ...NODE_CASES,
  ...DOCUMENT_CASES,
  ...SETTING_CASES,
  ...READ_CASES,
  ...ACCESS_CASES,
];

/** @param hasMember whether the member role of another account was named: else the callers are one and the same */
export function chooseCases(hasMember: boolean): readonly ConformanceCase[] {
  const chosen = SUITE.filter((entry) => {
    if (!LOOKS.has(entry.api) || entry.inWorldOnly === true) return false;
    const caller = entry.as ?? usualCaller(entry.api);
    if (caller === 'wrong-secret' || caller === 'unknown-key') return true;
    // What a role of the named account may do is its owner's choice; only an organization's own rule is looked at.
    if (DENIALS.has(entry.expect[0])) {
      return hasMember && caller === 'member' && entry.api.startsWith('organizations:');
    }
    return caller === 'discovery' || caller === 'member';
  });
  // Several tables have the same case.
  const byName = new Map(
    chosen.map((entry) => [`${entry.api} ${entry.behavior} ${entry.as ?? ''} ${entry.region ?? ''}`, entry]),
  );
  return [...byName.values()];
}

/** Whether an error is a missing permission of the caller, or the lack of an organization: nothing that a simulator is to blame for. */
export function isDenial(name: string): boolean {
  return DENIALS.has(name) || name === 'AWSOrganizationsNotInUseException';
}
