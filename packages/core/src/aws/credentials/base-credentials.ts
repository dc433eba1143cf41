import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { JobError, messageOf } from '../../runtime/errors.ts';
import type { Clock } from '../../runtime/clock-port.ts';
import type { SigningKeys } from '../call-scope.ts';

/** A source of credentials in the SDK's shape. */
export type CredentialSource = (options?: { readonly forceRefresh?: boolean }) => Promise<{
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly expiration?: Date | undefined;
}>;

/** The worker's own keys, held until shortly before they expire. */
export interface BaseCredentials {
  /** Throws `aws.credentials` when the source has none. */
  keys(): Promise<SigningKeys>;
  /** AWS refused these: the next `keys` asks the source for new ones. */
  renew(stale: SigningKeys): void;
}

/** Long-term keys in the environment or a file may be replaced under us; an unexpiring answer is asked for again after this. */
const REREAD_MS = 15 * 60_000;
const EARLY_MS = 5 * 60_000;

/** @param deps.source the SDK's default chain when absent (environment, profile, web identity, container, instance). */
export function createBaseCredentials(deps: {
  readonly clock: Clock;
  readonly stsRegion: string;
  readonly source?: CredentialSource | undefined;
}): BaseCredentials {
  const source: CredentialSource =
    deps.source ?? fromNodeProviderChain({ clientConfig: { region: deps.stsRegion } });
  /** `untilMs` by AWS's clock, `rereadAtMs` by the monotonic counter. */
  let held: { readonly keys: SigningKeys; readonly rereadAtMs: number; readonly untilMs: number } | null =
    null;
  let asking: Promise<SigningKeys> | null = null;
  let forceRefresh = false;

  async function ask(): Promise<SigningKeys> {
    const answer = await source({ forceRefresh }).catch((error: unknown) => {
      throw new JobError('aws.credentials', `no usable AWS credentials: ${messageOf(error)}`, {
        retry: 'backoff',
        cause: error,
      });
    });
    const expiresAtMs = answer.expiration?.getTime() ?? null;
    const fresh = keysOf(answer, expiresAtMs);
    const keys = held !== null && sameKeys(held.keys, fresh) && !forceRefresh ? held.keys : fresh;
    forceRefresh = false;
    held = {
      keys,
      rereadAtMs: deps.clock.monotonicMs() + REREAD_MS,
      untilMs: expiresAtMs === null ? Number.POSITIVE_INFINITY : expiresAtMs - EARLY_MS,
    };
    return keys;
  }

  return {
    async keys() {
      const isGood =
        held !== null && deps.clock.now() < held.untilMs && deps.clock.monotonicMs() < held.rereadAtMs;
      if (isGood && held !== null) return held.keys;
      asking ??= ask().finally(() => {
        asking = null;
      });
      return asking;
    },
    renew(stale) {
      if (held?.keys !== stale) return;
      forceRefresh = true;
      held = { keys: stale, rereadAtMs: 0, untilMs: 0 };
    },
  };
}

function keysOf(answer: Awaited<ReturnType<CredentialSource>>, expiresAtMs: number | null): SigningKeys {
  const { accessKeyId, secretAccessKey, sessionToken } = answer;
  const token = sessionToken === undefined ? {} : { sessionToken };
  return { accessKeyId, secretAccessKey, ...token, expiresAtMs, workedAtMs: null };
}

function sameKeys(a: SigningKeys, b: SigningKeys): boolean {
  return (
    a.accessKeyId === b.accessKeyId && a.sessionToken === b.sessionToken && a.expiresAtMs === b.expiresAtMs
  );
}

/**
 * Where credentials came from, by the marks that the SDK leaves on them for its user agent (`$source`, feature ids of
 * @aws-sdk/types `AwsSdkCredentialsFeatures`, SDK 3.1169). Marks of a chain name every step; the first of this list wins.
 */
const SOURCES = [
  ['CREDENTIALS_ENV_VARS', 'environment variables'],
  ['CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN', 'web identity token of the environment'],
  ['CREDENTIALS_PROFILE_SSO', 'SSO profile in the shared files'],
  ['CREDENTIALS_PROFILE_SSO_LEGACY', 'SSO profile in the shared files'],
  ['CREDENTIALS_PROFILE_PROCESS', 'credential process of a profile'],
  ['CREDENTIALS_PROFILE_STS_WEB_ID_TOKEN', 'web identity token of a profile'],
  ['CREDENTIALS_PROFILE_SOURCE_PROFILE', 'role of a profile (source_profile)'],
  ['CREDENTIALS_PROFILE_NAMED_PROVIDER', 'role of a profile (credential_source)'],
  ['CREDENTIALS_PROFILE', 'profile in the shared files'],
  ['CREDENTIALS_SSO', 'SSO'],
  ['CREDENTIALS_SSO_LEGACY', 'SSO'],
  ['CREDENTIALS_STS_ASSUME_ROLE_WEB_ID', 'web identity token'],
  ['CREDENTIALS_STS_ASSUME_ROLE', 'assumed role'],
  ['CREDENTIALS_PROCESS', 'credential process'],
  ['CREDENTIALS_HTTP', 'container role (ECS or EKS Pod Identity)'],
  ['CREDENTIALS_IMDS', 'instance role (IMDS)'],
  ['CREDENTIALS_CODE', 'given in code'],
] as const;

/** The source in words; `unknown` for credentials that carry no mark. */
export function describeCredentialSource(credentials: object): string {
  const marks = '$source' in credentials ? credentials.$source : undefined;
  if (typeof marks !== 'object' || marks === null) return 'unknown';
  return SOURCES.find(([mark]) => mark in marks)?.[1] ?? 'unknown';
}
