import { failed, passed, skipped, type Check } from '@muster/core/reports/doctor/check';
import { faultOfToken, type JoinToken, type TokenUse } from '@muster/core/reports/doctor/join-token';
import { isJobError, messageOf } from '@muster/core/runtime/errors';
import type { Matcher } from '@muster/core/scan/matcher';
import { accountOfRole } from '@muster/core/scan/matcher-scope';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { ReportDeps } from './report-part.ts';

/**
 * Every join token that some matcher sends, looked up through tctl where its identity may read tokens. It need not: who may
 * read tokens sees the secret ones too, so without that right the check is a reminder.
 */
export async function checkTokens(ctx: JobContext, deps: ReportDeps): Promise<readonly Check[]> {
  const byToken = Map.groupBy(deps.config.matchers, ({ install }) => install.joinToken);
  return Promise.all([...byToken].map(([name, matchers]) => checkToken(name, matchers, ctx, deps)));
}

async function checkToken(
  name: string,
  matchers: readonly Matcher[],
  ctx: JobContext,
  deps: ReportDeps,
): Promise<Check> {
  const place = { subject: name };
  const byHand = `See that it exists, has join method iam and allows the organization or its accounts: tctl get token/${name}`;
  const remind = (why: string): Check =>
    skipped('token', `hosts join with the token "${name}"; it is not looked at: ${why}`, byHand, place);
  if (deps.config.inventory.kind === 'none') return remind('no tctl is configured (muster.inventory)');
  let token: JoinToken | null;
  try {
    token = await deps.teleport.findToken(name, ctx.signal);
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (isJobError(error, 'teleport.denied')) return remind('the identity of tctl may not read tokens');
    if (isJobError(error, 'teleport.unavailable', 'teleport.invalid')) {
      return remind(deps.redact(messageOf(error)));
    }
    throw error;
  }
  if (token === null) {
    const remedy = `Create it (muster init writes one): tctl create -f token.yaml. Or name another in install.join_params.token_name.`;
    return failed('token', 'token-missing', `there is no token "${name}": no host can join`, remedy, place);
  }
  const fault = faultOfToken(token, matchers.map(useOf), deps.clock.now());
  if (fault !== null) {
    const remedy = `Correct it, or let muster init or muster token write it anew, and run tctl create -f token.yaml: hosts that install now cannot join.`;
    return failed('token', 'token-unfit', `the token "${name}" ${fault}`, remedy, place);
  }
  const until =
    token.expiresAtMs === null ? '' : `, until it expires at ${new Date(token.expiresAtMs).toISOString()}`;
  return passed('token', `hosts may join with the token "${name}"${until}`, place);
}

function useOf({ organization, role }: Matcher): TokenUse {
  return {
    organizationId: organization?.organizationId ?? null,
    accountId: organization === null && role.kind === 'arn' ? accountOfRole(role.arn) : null,
  };
}
