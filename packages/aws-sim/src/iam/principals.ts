import { randomBytes } from 'node:crypto';
import type { World } from '../world/world.ts';

/** Who is calling. */
export interface Principal {
  readonly kind: 'discovery' | 'member-role';
  readonly accountId: string;
  readonly arn: string;
  /** `AIDA…` or `AROA…:session` */
  readonly userId: string;
}

/** Keys that the simulator knows. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Null for long-term keys. */
  readonly sessionToken: string | null;
  /** Real epoch milliseconds; infinity for long-term keys. */
  expiresAtMs: number;
  readonly principal: Principal;
}

/** All credentials a world has handed out. */
export interface CredentialBook {
  find(accessKeyId: string): Credentials | undefined;
  /** Issues a session; `durationSeconds` are real seconds. */
  issue(principal: Principal, durationSeconds: number, nowMs: number): Credentials;
  /** Ends all sessions, or those of one account, now. */
  expire(accountId: string | undefined, nowMs: number): void;
}

/** How long ended sessions are still recognized as expired. */
const KEEP_EXPIRED_MS = 3_600_000;

/** A book with the discovery principal's long-term keys in it. */
export function createCredentialBook(world: World): CredentialBook {
  const { access } = world;
  const sessions = new Map<string, Credentials>();
  const discovery: Credentials = {
    accessKeyId: access.accessKeyId,
    secretAccessKey: access.secretAccessKey,
    sessionToken: null,
    expiresAtMs: Number.POSITIVE_INFINITY,
    principal: discoveryPrincipal(world),
  };
  let prunedAtMs = 0;

  function prune(nowMs: number): void {
    if (nowMs - prunedAtMs < 60_000) return;
    prunedAtMs = nowMs;
    for (const [id, session] of sessions) {
      if (session.expiresAtMs + KEEP_EXPIRED_MS < nowMs) sessions.delete(id);
    }
  }

  return {
    find: (accessKeyId) => (accessKeyId === access.accessKeyId ? discovery : sessions.get(accessKeyId)),
    issue(principal, durationSeconds, nowMs) {
      prune(nowMs);
      const credentials: Credentials = {
        accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
        secretAccessKey: randomBytes(30).toString('base64'),
        sessionToken: `IQoJb3JpZ2luX2Vj${randomBytes(120).toString('base64')}`,
        // AWS gives whole seconds.
        expiresAtMs: Math.floor(nowMs / 1000 + durationSeconds) * 1000,
        principal,
      };
      sessions.set(credentials.accessKeyId, credentials);
      return credentials;
    },
    expire(accountId, nowMs) {
      for (const session of sessions.values()) {
        if (accountId === undefined || session.principal.accountId === accountId) session.expiresAtMs = nowMs;
      }
    },
  };
}

function discoveryPrincipal({ access, partition }: World): Principal {
  const { principalAccountId: accountId, discoveryRole: role } = access;
  return role === null
    ? {
        kind: 'discovery',
        accountId,
        arn: `arn:${partition}:iam::${accountId}:user/muster-discovery`,
        userId: 'AIDASIMULATEDMUSTER0',
      }
    : {
        kind: 'discovery',
        accountId,
        arn: `arn:${partition}:sts::${accountId}:assumed-role/${role}/i-0123456789abcdef0`,
        userId: 'AROASIMULATEDMUSTER0:i-0123456789abcdef0',
      };
}

/** What `aws:PrincipalArn` is in a policy: the role, not its session. */
export function principalArnOf(principal: Principal): string {
  return principal.arn.replace(/^(arn:[\w-]+):sts::(\d+):assumed-role\/([^/]+)\/.*$/u, '$1:iam::$2:role/$3');
}
