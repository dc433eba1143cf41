import { z } from 'zod';
import type { JoinToken } from '../domain/checkup/join-token.ts';
import { isJobError, JobError } from '../domain/errors.ts';
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
    throw new JobError('teleport.invalid', 'tctl printed something that is no join token', {
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
