import { AssumeRoleCommand, type AssumeRoleCommandOutput, type STSClient } from '@aws-sdk/client-sts';
import { JobError, isJobError } from '../../runtime/errors.ts';
import type { AccountId } from '../../organization/ids.ts';
import type { RoleReference } from '../../scan/matcher.ts';
import type { Clock } from '../../runtime/clock-port.ts';
import type { SigningKeys } from '../call-scope.ts';
import { SESSION_SECONDS } from '../limits.ts';
import type { Identity, Read } from '../read-call.ts';

/** Sessions in member accounts: one per account, role and external id. */
export interface Sessions {
  /** A session that is good for at least a minute. Throws as `AccountPort.enter` does. */
  keys(accountId: AccountId, role: RoleReference, signal: AbortSignal): Promise<SigningKeys>;
  /** Forgets a session that AWS refused, unless a newer one is there already. */
  renew(accountId: AccountId, role: RoleReference, stale: SigningKeys): void;
}

/** About 40 MB at its fullest; beyond it the session used longest ago is dropped. */
const MAX_SESSIONS = 20_000;
/** A session this close to its end is replaced in the background while it is still used. */
const EARLY_MS = 5 * 60_000;
/** A session this close to its end is not used any more. */
const SPARE_MS = 60_000;
/** A refusal answers for the jobs of the same moment only: a role that was just created must not look missing for long. */
const REFUSED_MS = 3_000;

interface Entry {
  keys: SigningKeys | null;
  asking: Promise<SigningKeys> | null;
  /** Until a moment of the monotonic counter. */
  refused: { readonly error: unknown; readonly untilMs: number } | null;
}

/**
 * @param deps.lifetime ends with the adapter; a session is asked for on behalf of all who wait, so no single caller's signal ends it.
 * @param deps.sessionName RoleSessionName, as CloudTrail of the member account will show it: 2 to 64 of `[\w+=,.@-]`.
 */
export function createSessions(deps: {
  readonly read: Read;
  readonly base: Identity;
  readonly sts: STSClient;
  readonly clock: Clock;
  readonly lifetime: AbortSignal;
  readonly sessionName: string;
}): Sessions {
  const entries = new Map<string, Entry>();

  function entryOf(accountId: AccountId, role: RoleReference): Entry {
    const key = `${accountId}|${role.arn}|${role.externalId ?? ''}`;
    const entry = entries.get(key) ?? { keys: null, asking: null, refused: null };
    entries.delete(key);
    entries.set(key, entry);
    const [oldest] = entries.keys();
    if (entries.size > MAX_SESSIONS && oldest !== undefined) entries.delete(oldest);
    return entry;
  }

  async function assume(accountId: AccountId, role: RoleReference): Promise<SigningKeys> {
    const command = new AssumeRoleCommand({
      RoleArn: role.arn,
      RoleSessionName: deps.sessionName,
      DurationSeconds: SESSION_SECONDS,
      ...(role.externalId === null ? {} : { ExternalId: role.externalId }),
    });
    const reply = await deps.read(
      {
        action: 'sts:AssumeRole',
        accountId: null,
        region: null,
        signal: deps.lifetime,
        patient: false,
        send: () => deps.sts.send(command),
      },
      deps.base,
    );
    return sessionOf(reply, accountId, role);
  }

  function ask(entry: Entry, accountId: AccountId, role: RoleReference): Promise<SigningKeys> {
    entry.asking ??= assume(accountId, role)
      .then((keys) => {
        entry.keys = keys;
        entry.refused = null;
        return keys;
      })
      .catch((error: unknown) => {
        if (isJobError(error, 'aws.denied')) {
          entry.refused = { error, untilMs: deps.clock.monotonicMs() + REFUSED_MS };
        }
        throw error;
      })
      .finally(() => {
        entry.asking = null;
      });
    return entry.asking;
  }

  return {
    async keys(accountId, role, signal) {
      signal.throwIfAborted();
      const entry = entryOf(accountId, role);
      const [nowMs, countMs] = [deps.clock.now(), deps.clock.monotonicMs()];
      const leftMs = entry.keys === null ? 0 : (entry.keys.expiresAtMs ?? 0) - nowMs;
      if (entry.keys !== null && leftMs > SPARE_MS) {
        const isRefusedNow = entry.refused !== null && countMs < entry.refused.untilMs;
        if (leftMs < EARLY_MS && !isRefusedNow) ask(entry, accountId, role).catch(() => undefined);
        return entry.keys;
      }
      if (entry.refused !== null && countMs < entry.refused.untilMs) throw entry.refused.error;
      return untilAborted(ask(entry, accountId, role), signal);
    },
    renew(accountId, role, stale) {
      const entry = entryOf(accountId, role);
      if (entry.keys === stale) entry.keys = null;
    },
  };
}

/** The account that a role session belongs to, out of `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`; empty when it is no such ARN. */
export function accountOfArn(arn: string | undefined): string {
  return /^arn:[a-z-]+:(?:sts|iam)::(\d{12}):/.exec(arn ?? '')?.[1] ?? '';
}

function sessionOf(reply: AssumeRoleCommandOutput, accountId: AccountId, role: RoleReference): SigningKeys {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = reply.Credentials ?? {};
  if (
    AccessKeyId === undefined ||
    SecretAccessKey === undefined ||
    SessionToken === undefined ||
    Expiration === undefined
  ) {
    throw new JobError('aws.unavailable', 'sts:AssumeRole answered without credentials', {
      retry: 'backoff',
    });
  }
  const actual = accountOfArn(reply.AssumedRoleUser?.Arn);
  if (actual !== accountId) {
    throw new JobError('aws.denied', `the role ${role.arn} is not in account ${accountId}`, {
      retry: 'never',
      details: {
        service: 'sts',
        operation: 'AssumeRole',
        accountId,
        region: null,
        awsCode: 'WrongAccount',
        httpStatus: 200,
        requestId: reply.$metadata.requestId ?? null,
        retryAfterMs: null,
        missingAction: null,
        scp: false,
      },
    });
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiresAtMs: Expiration.getTime(),
    workedAtMs: null,
  };
}

/** Waits for shared work without ending it: the caller leaves when its own signal says so. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const leave = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', leave, { once: true });
  work.then(resolve, reject).finally(() => {
    signal.removeEventListener('abort', leave);
  });
  return promise;
}
