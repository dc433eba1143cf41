import { z } from 'zod';
import type { JoinToken } from '../reports/doctor/teleport-checks.ts';
import { isJobError, JobError } from '../runtime/errors.ts';
import { quoteOutput } from './plain-output.ts';
import { runTctl } from './tctl.ts';
import type { TctlCommand } from './tctl-process.ts';

/**
 * tctl ends with 1 for everything, so only its words tell a token that is not there: `provisioning token(NAME) not found`
 * or `key "/tokens/NAME" is not found` (gravitational/teleport, `lib/services/local/provisioning.go` and `lib/backend`).
 */
const NOT_FOUND = /\b(?:provisioning token|token|key)\b[^\n]{0,400}\bnot found\b/i;

/** An unquoted account id is a number in YAML, and has lost its leading zeros. */
const Scalar = z.union([z.string(), z.number()]).transform((value) => String(value).padStart(12, '0'));

/** The fields we use of `api/types/provisioning.go` (`ProvisionTokenV2`). */
const StoredToken = z.object({
  metadata: z.object({ name: z.string(), expires: z.string().nullish() }),
  spec: z.object({
    roles: z.array(z.string()).nullish(),
    join_method: z.string().nullish(),
    allow: z
      .array(z.object({ aws_organization_id: z.string().nullish(), aws_account: Scalar.nullish() }))
      .nullish(),
  }),
});

/** `tctl get token/NAME`; null when there is none of that name. Throws as `TeleportPort` says. */
export async function findJoinToken(
  tctl: TctlCommand,
  name: string,
  signal: AbortSignal,
): Promise<JoinToken | null> {
  let text: string;
  try {
    text = await runTctl(tctl, ['get', `token/${name}`, '--format=json'], '', signal);
  } catch (error) {
    if (isJobError(error, 'teleport.unavailable') && NOT_FOUND.test(error.message)) return null;
    throw error;
  }
  const parsed = z.union([StoredToken, z.array(StoredToken).length(1)]).safeParse(parseJson(text));
  if (!parsed.success) {
    throw new JobError('teleport.invalid', `tctl printed no join token, but ${whatElse(text)}`, {
      retry: 'backoff',
      cause: parsed.error,
    });
  }
  const [token] = [parsed.data].flat();
  return token === undefined ? null : tokenOf(token);
}

function tokenOf({ metadata, spec }: z.infer<typeof StoredToken>): JoinToken {
  const expiresAtMs = Date.parse(metadata.expires ?? '');
  return {
    name: metadata.name,
    // Teleport's default when the field is empty.
    joinMethod: spec.join_method || 'token',
    roles: spec.roles ?? [],
    expiresAtMs: Number.isNaN(expiresAtMs) ? null : expiresAtMs,
    allow: (spec.allow ?? []).map((rule) => ({
      organizationId: rule.aws_organization_id ?? null,
      accountId: rule.aws_account ?? null,
    })),
  };
}

/** JSON is not quoted: who may read tokens sees secret ones too. */
function whatElse(text: string): string {
  if (parseJson(text) !== null) return 'another resource';
  return quoteOutput(Buffer.from(text)) || 'nothing';
}

/** A look at the text from the start of every line that may begin JSON; more than so many lines begin none. */
const MOST_STARTS = 50;

/** Lines of text may come before the JSON (see `array-elements.ts`). Null when there is none. */
function parseJson(text: string): unknown {
  const starts = [...text.matchAll(/^[\t ]*[[{]/gm)].slice(0, MOST_STARTS);
  for (const { index } of starts) {
    try {
      return JSON.parse(text.slice(index));
    } catch {
      // A line of text that looks like it.
    }
  }
  return null;
}
