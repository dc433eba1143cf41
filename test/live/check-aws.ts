/** The AWS half of the live check: who the caller is, what is asked, and what comes of it. */
import { findClosedRegion, findIds } from '@muster/aws-sim/conformance/found-ids';
import { PAGED_CALLS } from '@muster/aws-sim/conformance/paged-calls';
import { callerAccount, clientsOf, sessionKeys } from '@muster/aws-sim/testing/sdk-clients';
import { type Answer, type AwsSide, createAwsSide, type Pages } from './aws-side.ts';
import { chooseCases } from './choose-cases.ts';
import {
  type AnsweredCase,
  compareAnswers,
  type Difference,
  lacksPermission,
  type PagedListing,
} from './compare-answers.ts';
import type { LiveOptions } from './read-options.ts';
import type { Redactor } from './redact.ts';
import { startSimulatedAws } from './simulators.ts';
import { watchClients } from './watch-clients.ts';

/** What the half found. */
export interface AwsFindings {
  readonly differences: readonly Difference[];
  readonly answers: readonly object[];
  /** `API: case` → why it was not asked. */
  readonly notAsked: Readonly<Record<string, string>>;
  /** Operations that the caller may not call. */
  readonly notPermitted: readonly string[];
}

const REQUEST_TIMEOUT_MS = 20_000;
/** Slower than the smallest published bucket refills, with the other calls in between. */
const PACE_MS = 250;

/** The account that the credentials are of is another than the named one. Nothing else was asked. */
export interface OtherAccount {
  readonly otherAccountId: string;
}

/** @throws {Error} the credentials are none, or the role cannot be assumed */
export async function checkAws(
  { accountId, region, role }: NonNullable<LiveOptions['aws']>,
  redactor: Redactor,
  onProgress: (text: string) => void,
): Promise<AwsFindings | OtherAccount> {
  const own = { requestTimeoutMs: REQUEST_TIMEOUT_MS };
  const caller = watchClients(clientsOf({ ...own, region }), role?.arn ?? null, () => undefined);
  const callerId = await callerAccount(caller);
  if (callerId !== accountId) return { otherAccountId: callerId };
  const credentials = await caller.sts.config.credentials();
  const member =
    role === null
      ? own
      : {
          ...own,
          credentials: await sessionKeys(caller, {
            RoleArn: role.arn,
            ...(role.externalId === null ? {} : { ExternalId: role.externalId }),
          }),
        };
  const inMember = watchClients(clientsOf({ ...member, region }), null, () => undefined);
  const memberId = role === null ? accountId : (role.arn.split(':')[4] ?? '');
  onProgress('looking for ids to ask for');
  const real = createAwsSide({
    discovery: own,
    member,
    brokenKeys: {
      accessKeyId: credentials.accessKeyId,
      ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
    },
    ids: await findIds(caller, inMember, memberId),
    region,
    closedRegion: await findClosedRegion(inMember),
    paceMs: isSimulated() ? 0 : PACE_MS,
  });
  const simulated = await startSimulatedAws();
  try {
    return await compareSides(real, simulated.side, role !== null, redactor, onProgress);
  } finally {
    await simulated.close();
  }
}

/** The SDK's own variable leads to a simulator on this machine: there is no quota to spare. */
function isSimulated(): boolean {
  return /^http:\/\/(127\.0\.0\.1|localhost):/.test(process.env['AWS_ENDPOINT_URL'] ?? '');
}

async function compareSides(
  real: AwsSide,
  simulated: AwsSide,
  hasMember: boolean,
  redactor: Redactor,
  onProgress: (text: string) => void,
): Promise<AwsFindings> {
  const notAsked: Record<string, string> = {};
  const cases: AnsweredCase[] = [];
  const chosen = chooseCases(hasMember);
  for (const [index, entry] of chosen.entries()) {
    if (index % 25 === 0) onProgress(`${index} of ${chosen.length} calls`);
    const name = `${entry.api}: ${entry.behavior}`;
    const mine = await real.ask(entry);
    if ('notAsked' in mine) notAsked[name] = mine.notAsked;
    else {
      const theirs = await simulated.ask(entry);
      if ('notAsked' in theirs) notAsked[name] = `the simulator: ${theirs.notAsked}`;
      else cases.push({ real: mine, simulated: theirs });
    }
  }
  const listings: PagedListing[] = [];
  for (const [api, paged] of Object.entries(PAGED_CALLS)) {
    const mine = await real.page(api, paged);
    const theirs = await simulated.page(api, paged);
    if ('notAsked' in mine) notAsked[`${api}: pages`] = mine.notAsked;
    else if ('notAsked' in theirs) notAsked[`${api}: pages`] = `the simulator: ${theirs.notAsked}`;
    else listings.push({ api, real: mine, simulated: theirs });
  }
  // Values first: a text that was masked in them is masked in messages, too.
  const answers = [
    ...cases.map(({ real: answer }) => recordOf(answer, redactor)),
    ...listings.map(({ api, real: pages }) => pagesRecord(api, pages, redactor)),
  ];
  return {
    differences: compareAnswers(cases, listings, redactor),
    answers: answers.map((finish) => finish()),
    notAsked,
    notPermitted: [...new Set(cases.filter(lacksPermission).map(({ real: { api } }) => api))].toSorted(),
  };
}

function recordOf(answer: Answer, redactor: Redactor): () => object {
  const { api, behavior, caller, name, status, headers, throttles } = answer;
  const input = redactor.value(answer.input);
  const output = redactor.value(answer.output);
  return () => ({
    api,
    behavior,
    caller,
    input,
    error: name,
    status,
    message: redactor.text(answer.message),
    contentType: headers['content-type'] ?? null,
    throttles: throttles.length,
    output,
  });
}

function pagesRecord(api: string, { tokens, last, outputs }: Pages, redactor: Redactor): () => object {
  const pages = outputs.map((output) => redactor.value(output));
  return () => ({ api, behavior: 'pages', tokens, last, pages });
}
