import type { CommandInvocation, CommandPlugin } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import {
  readAccount,
  readAccountPath,
  readInstance,
  readInvocation,
  readManagedNode,
  readOrganizationId,
  readStatusDetails,
} from './schema.ts';

const reservation = { OwnerId: '111122223333' };
const instance = { InstanceId: 'i-0123456789abcdef0', State: { Name: 'running' as const } };

describe('readInstance', () => {
  it('reads the fields that decide something', () => {
    expect(
      readInstance(reservation, {
        ...instance,
        Platform: 'windows' as never,
        LaunchTime: new Date(1_000),
        IamInstanceProfile: { Arn: 'arn' },
        Tags: [{ Key: 'env', Value: 'prod' }, { Key: 'empty' }],
      }),
    ).toEqual({
      instanceId: 'i-0123456789abcdef0',
      ownerId: '111122223333',
      state: 'running',
      platform: 'windows',
      tags: { env: 'prod', empty: '' },
      launchedAtMs: 1_000,
      hasInstanceProfile: true,
    });
    expect(readInstance(reservation, instance)).toMatchObject({
      platform: 'other',
      launchedAtMs: null,
      hasInstanceProfile: false,
    });
  });

  it('has no tag that the owner did not set, and keeps odd names', () => {
    const read = readInstance(reservation, { ...instance, Tags: [{ Key: '__proto__', Value: 'x' }] });

    expect(read?.tags['constructor']).toBeUndefined();
    expect(Object.keys(read?.tags ?? {})).toEqual(['__proto__']);
  });

  it('reads an element without an id as nothing, and never loses one that has an id', () => {
    expect(readInstance(reservation, {})).toBeNull();
    expect(readInstance(reservation, { InstanceId: 'mi-0123456789abcdef0' })).toBeNull();
    expect(() => readInstance({}, instance)).toThrow(expect.objectContaining({ code: 'aws.unavailable' }));
    expect(() => readInstance(reservation, { InstanceId: instance.InstanceId })).toThrow(
      expect.objectContaining({ code: 'aws.unavailable' }),
    );
  });
});

describe('readManagedNode', () => {
  it('leaves hybrid nodes out, and never takes a word it does not know for Online', () => {
    expect(readManagedNode({ InstanceId: 'mi-0123456789abcdef0' })).toBeNull();
    expect(readManagedNode({ InstanceId: instance.InstanceId, PingStatus: 'Hopeful' as never })).toEqual({
      instanceId: instance.InstanceId,
      pingStatus: 'Inactive',
      lastPingAtMs: null,
      agentVersion: '',
      platformType: 'Linux',
      platformName: '',
    });
  });
});

describe('accounts', () => {
  it.each([
    [{ State: 'CLOSED', Status: 'SUSPENDED' }, 'CLOSED'],
    [{ State: 'ACTIVE' }, 'ACTIVE'],
    [{ Status: 'PENDING_CLOSURE' }, 'PENDING_CLOSURE'],
    [{ State: 'HIBERNATING', Status: 'ACTIVE' }, 'SUSPENDED'],
    [{}, 'SUSPENDED'],
  ])('read %j as %s', (states, state) => {
    expect(readAccount({ Id: '111122223333', ...states } as never, [])).toMatchObject({ state });
  });

  it('read their place out of a path', () => {
    expect(readAccountPath('o-abcdefghij/r-ab12/ou-ab12-11111111/111122223333/')).toEqual({
      organizationId: 'o-abcdefghij',
      ancestorIds: ['r-ab12', 'ou-ab12-11111111'],
    });
    expect(readAccountPath('o-abcdefghij/r-ab12/111122223333/')?.ancestorIds).toEqual(['r-ab12']);
    for (const path of ['', 'o-abcdefghij', 'o-abcdefghij/111122223333/', 'r-ab12/111122223333/']) {
      expect(readAccountPath(path)).toBeNull();
    }
  });

  it('and roots read their organization out of an ARN, in every partition', () => {
    expect(readOrganizationId('arn:aws:organizations::111122223333:root/o-abcdefghij/r-ab12')).toBe(
      'o-abcdefghij',
    );
    expect(
      readOrganizationId('arn:aws-us-gov:organizations::111122223333:account/o-abcdefghij/444455556666'),
    ).toBe('o-abcdefghij');
    expect(readOrganizationId('arn:aws:iam::111122223333:root')).toBeNull();
    expect(readOrganizationId(undefined)).toBeNull();
  });
});

describe('invocations', () => {
  const step = (Name: string, change: CommandPlugin = {}): CommandPlugin => ({
    Name,
    Status: 'Success',
    ResponseCode: 0,
    Output: `output of ${Name}`,
    ...change,
  });
  const read = (
    CommandPlugins: CommandPlugin[],
    change: CommandInvocation = {},
  ): ReturnType<typeof readInvocation> =>
    readInvocation({
      CommandId: '11111111-2222-4333-8444-555555555555',
      InstanceId: instance.InstanceId,
      Comment: 'muster:v1:a:b',
      DocumentName: 'AWS-RunShellScript',
      RequestedDateTime: new Date(5_000),
      StatusDetails: 'Success',
      CommandPlugins,
      ...change,
    });

  it('tell how a command went on one instance', () => {
    expect(read([step('install')])).toEqual({
      commandId: '11111111-2222-4333-8444-555555555555',
      instanceId: instance.InstanceId,
      comment: 'muster:v1:a:b',
      documentName: 'AWS-RunShellScript',
      requestedAtMs: 5_000,
      statusDetails: 'Success',
      plugin: { name: 'install', responseCode: 0, output: 'output of install' },
    });
  });

  it('show the first step that failed, else the last that ran', () => {
    const failed = step('second', { Status: 'Failed', ResponseCode: 104 });
    expect(
      read([step('first'), failed, step('third', { Status: 'Failed', ResponseCode: 1 })])?.plugin,
    ).toMatchObject({
      name: 'second',
      responseCode: 104,
    });
    expect(read([step('first'), step('second')])?.plugin?.name).toBe('second');
    expect(read([step('first', { Status: 'TimedOut', ResponseCode: 137 })])?.plugin?.responseCode).toBe(137);
  });

  it('do not show a skipped step in the place of one that ran', () => {
    const skipped = step('windows', { Output: 'Step execution skipped due to unsupported platform: Linux' });

    expect(read([step('linux'), skipped])?.plugin?.name).toBe('linux');
    expect(read([skipped, skipped])?.plugin?.output).toContain('Step execution skipped');
  });

  it('show no step before one has ended', () => {
    expect(read([])?.plugin).toBeNull();
    const running = step('install', { Status: 'InProgress', ResponseCode: -1 });
    expect(read([running, step('next', { Status: 'Pending' })])?.plugin).toBeNull();
  });

  it.each([
    ['Success', 'Success'],
    ['DeliveryTimedOut', 'DeliveryTimedOut'],
    ['Delivery Timed Out', 'DeliveryTimedOut'],
    ['Undeliverable', 'Undeliverable'],
    ['NewWord', 'Unknown'],
    ['toString', 'Unknown'],
    ['', 'Unknown'],
    [undefined, 'Unknown'],
  ])('read the status %s as %s', (word, status) => {
    expect(readStatusDetails(word)).toBe(status);
  });

  it('of hybrid nodes are nothing', () => {
    expect(read([], { InstanceId: 'mi-0123456789abcdef0' })).toBeNull();
  });
});
