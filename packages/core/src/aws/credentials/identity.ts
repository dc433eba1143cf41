import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import type { TargetAccess } from '../../install/command.ts';
import { JobError } from '../../runtime/errors.ts';
import { AccountId } from '../../organization/ids.ts';
import type { Clock } from '../../runtime/clock-port.ts';
import type { MakeAttempt } from '../attempt.ts';
import type { BaseCredentials } from './base-credentials.ts';
import type { SigningKeys } from '../call-scope.ts';
import type { Identity, Read } from '../read-call.ts';
import { accountOfArn, createSessions, type Sessions } from './sessions.ts';

/** As whom a call is made: the worker itself, or a role's session in an account. */
export interface Identities {
  readonly base: Identity;
  /** Keys whose account is asserted to be `access.accountId`; a null role means the worker's own. */
  member(access: Pick<TargetAccess, 'accountId' | 'role'>): Identity;
  /** The account of the worker's own keys (sts:GetCallerIdentity), asked once per key. */
  callerAccount(signal: AbortSignal): Promise<AccountId>;
}

/** Keys that worked this recently are alive without asking STS. */
const ALIVE_MS = 60_000;

export function createIdentities(deps: {
  readonly read: Read;
  readonly attempt: MakeAttempt;
  readonly baseCredentials: BaseCredentials;
  readonly sts: STSClient;
  readonly clock: Clock;
  readonly lifetime: AbortSignal;
  readonly sessionName: string;
}): Identities {
  const accounts = new WeakMap<SigningKeys, AccountId>();

  const base: Identity = {
    kind: 'base',
    keys: () => deps.baseCredentials.keys(),
    renew: (stale) => {
      deps.baseCredentials.renew(stale);
    },
    isAlive,
  };
  const sessions: Sessions = createSessions({ ...deps, base });

  /** Asks STS, which needs no permission and knows every live key of the partition. */
  async function isAlive(keys: SigningKeys, signal: AbortSignal): Promise<boolean> {
    if (keys.workedAtMs !== null && deps.clock.monotonicMs() - keys.workedAtMs < ALIVE_MS) return true;
    const result = await deps.attempt(
      {
        action: 'sts:GetCallerIdentity',
        accountId: null,
        region: null,
        signal,
        send: () => deps.sts.send(new GetCallerIdentityCommand({})),
      },
      keys,
    );
    return result.ok;
  }

  /** The worker's own keys together with the account they belong to. */
  async function ownKeys(signal: AbortSignal): Promise<{ keys: SigningKeys; accountId: AccountId }> {
    let keys = await deps.baseCredentials.keys();
    const known = accounts.get(keys);
    if (known !== undefined) return { keys, accountId: known };
    const reply = await deps.read(
      {
        action: 'sts:GetCallerIdentity',
        accountId: null,
        region: null,
        signal,
        patient: false,
        send: () => deps.sts.send(new GetCallerIdentityCommand({})),
      },
      // Remembers which keys the answer is about: the source may bring others while it is on its way.
      { ...base, keys: async () => (keys = await deps.baseCredentials.keys()) },
    );
    const account = AccountId.safeParse(reply.Account);
    if (!account.success || accountOfArn(reply.Arn) !== account.data) {
      throw new JobError('aws.unavailable', 'sts:GetCallerIdentity answered without an account', {
        retry: 'backoff',
      });
    }
    accounts.set(keys, account.data);
    return { keys, accountId: account.data };
  }

  return {
    base,
    callerAccount: async (signal) => (await ownKeys(signal)).accountId,
    member({ accountId, role }) {
      if (role !== null) {
        return {
          kind: 'session',
          keys: (signal) => sessions.keys(accountId, role, signal),
          renew: (stale) => {
            sessions.renew(accountId, role, stale);
          },
          isAlive,
        };
      }
      return {
        ...base,
        keys: async (signal) => {
          const own = await ownKeys(signal);
          if (own.accountId === accountId) return own.keys;
          throw new JobError('aws.denied', `the worker's own account is ${own.accountId}, not ${accountId}`, {
            retry: 'never',
            details: { accountId, awsCode: 'WrongAccount', missingAction: null, scp: false },
          });
        },
      };
    },
  };
}
