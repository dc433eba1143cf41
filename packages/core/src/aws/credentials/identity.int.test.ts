import { describe, expect, it } from 'vitest';
import { AccountId } from '../../organization/ids.ts';
import type { Clock } from '../../runtime/clock-port.ts';
import {
  access,
  accountId,
  clock,
  drain,
  instanceId,
  request,
  signal,
  useHostileAws,
} from '../hostile-aws.fixture.ts';
import { assumeRole, ec2Error, jsonError, oneInstance, stsError } from '../stub-aws.fixture.ts';

const { start, startBare, stub, requestsOf } = useHostileAws();

describe('credentials', () => {
  it('of a session that AWS calls unknown are taken for a region that is off only when they are good elsewhere', async () => {
    let isAlive = true;
    const adapter = await start(({ operation }) => {
      if (operation !== 'GetCallerIdentity') return ec2Error('AuthFailure', 'not able to validate', 401);
      if (!isAlive) return stsError('InvalidClientTokenId', 'invalid');
      return {
        body: '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
      };
    });

    await expect(drain(adapter.listInstances(access, signal))).rejects.toMatchObject({
      code: 'aws.region-off',
    });
    expect(requestsOf('AssumeRole')).toBe(1);

    isAlive = false;
    const other = { ...access, role: { arn: access.role?.arn ?? '', externalId: 'other' } };
    await expect(drain(adapter.listInstances(other, signal))).rejects.toMatchObject({
      code: 'aws.unavailable',
    });
    expect(requestsOf('AssumeRole')).toBe(3);
  });

  it('of the worker are asked for again, once, when they have expired', async () => {
    const forced: boolean[] = [];
    const adapter = await start(
      ({ accessKeyId }) =>
        accessKeyId === 'BASE2'
          ? jsonError('AWSOrganizationsNotInUseException', 'none')
          : jsonError('ExpiredTokenException', 'old'),
      {
        // oxlint-disable-next-line typescript/require-await -- a source answers with a promise
        baseCredentials: async (options) => {
          forced.push(options?.forceRefresh === true);
          return { accessKeyId: `BASE${forced.length}`, secretAccessKey: 'secret' };
        },
      },
    );
    const scope = { organizationId: 'o-abcdefghij', includeOus: ['*'], excludeOus: [] };

    await expect(drain(adapter.listAccounts(scope, signal))).rejects.toMatchObject({
      code: 'aws.organization',
    });
    expect(forced).toEqual([false, true]);
  });

  it('of a session are replaced in the background before they expire, and waited for when they are about to', async () => {
    let aheadMs = 0;
    const ahead: Clock = { ...clock, now: () => Date.now() + aheadMs };
    let sessions = 0;
    const adapter = await startBare(
      (asked) => {
        if (asked.operation !== 'AssumeRole') return oneInstance(accountId, instanceId);
        sessions += 1;
        return assumeRole(asked, ahead.now() + 3_600_000, `S${sessions}`);
      },
      { clock: ahead },
    );
    const keyIdOfNextList = async (): Promise<string> => {
      await drain(adapter.listInstances(access, signal));
      return stub().requests.findLast((one) => one.operation === 'DescribeInstances')?.accessKeyId ?? '';
    };

    expect(await keyIdOfNextList()).toBe('ASIA111122223333S1');
    aheadMs = 54 * 60_000;
    expect(await keyIdOfNextList()).toBe('ASIA111122223333S1');
    expect(sessions).toBe(1);
    aheadMs = 56 * 60_000;
    expect(await keyIdOfNextList()).toBe('ASIA111122223333S1');
    await expect.poll(keyIdOfNextList).toBe('ASIA111122223333S2');
    aheadMs += 59.5 * 60_000;
    expect(await keyIdOfNextList()).toBe('ASIA111122223333S3');
  });

  it('of a session belong to the account that was asked for, or are not used', async () => {
    const foreign = { ...access, accountId: AccountId.parse('999988887777') };
    const adapter = await start(() => oneInstance(accountId, instanceId));

    await expect(drain(adapter.listInstances(foreign, signal))).rejects.toMatchObject({ code: 'aws.denied' });
    expect(await adapter.sendCommand(foreign, request(), signal)).toMatchObject({
      kind: 'refused',
      reason: 'denied',
    });
    expect(requestsOf('DescribeInstances') + requestsOf('SendCommand')).toBe(0);
  });
});
