import { describe, expect, it } from 'vitest';
import {
  access,
  accountId,
  commandId,
  drain,
  instanceId,
  signal,
  useHostileAws,
} from './hostile-aws.fixture.ts';
import { ec2Error, json, jsonError, oneInstance } from './stub-aws.fixture.ts';

const { start, calls, requestsOf } = useHostileAws();

describe('a listing', () => {
  it.each([
    ['an empty body', { body: '' }],
    ['a page of something between us and AWS', { body: '<html><body>please log in</body></html>' }],
    [
      'an answer without its list',
      { body: '<DescribeInstancesResponse><requestId>r</requestId></DescribeInstancesResponse>' },
    ],
    ['half of an answer', { body: '<DescribeInstancesResponse><reservationSet><item><owner' }],
  ])('does not take %s with status 200 for a target without instances', async (_name, answer) => {
    const adapter = await start(() => answer);

    await expect(drain(adapter.listInstances(access, signal))).rejects.toMatchObject({
      code: 'aws.unavailable',
    });
  });

  it.each([
    ['an empty object', '{}'],
    ['no JSON', '<html></html>'],
    ['an empty body', ''],
  ])(
    'of the SSM inventory, of invocations and of regions does not take %s for nothing',
    async (_name, body) => {
      const adapter = await start(() => ({ body }));
      const find = { documentName: 'AWS-RunShellScript', invokedAfterMs: 0 };

      await expect(drain(adapter.listManagedNodes(access, signal))).rejects.toMatchObject({
        code: 'aws.unavailable',
      });
      await expect(adapter.listInvocations(access, commandId, signal)).rejects.toMatchObject({
        code: 'aws.unavailable',
      });
      await expect(drain(adapter.findInvocations(access, find, signal))).rejects.toMatchObject({
        code: 'aws.unavailable',
      });
      await expect(adapter.listRegions(accountId, access.role, signal)).rejects.toMatchObject({
        code: 'aws.unavailable',
      });
    },
  );

  it('takes no regions at all for an answer that was not understood', async () => {
    const adapter = await start(() => json({ Regions: [] }));

    await expect(adapter.listRegions(accountId, access.role, signal)).rejects.toMatchObject({
      code: 'aws.unavailable',
    });
  });

  it.each([
    ['an error with a code', ec2Error('InternalError', 'oops', 500)],
    ['an error page', { status: 502, body: '<html>bad gateway</html>' }],
    ['a reset', 'reset'],
    ['an answer that breaks off', 'cut'],
  ] as const)('survives %s twice and gives up after the third', async (_name, answer) => {
    let spoiled = 2;
    const adapter = await start(() => {
      spoiled -= 1;
      return spoiled >= 0 ? answer : oneInstance(accountId, instanceId);
    });

    expect(await drain(adapter.listInstances(access, signal))).toHaveLength(1);
    spoiled = 3;
    await expect(drain(adapter.listInstances(access, signal))).rejects.toMatchObject({
      code: 'aws.unavailable',
      retry: 'backoff',
    });
    expect(requestsOf('DescribeInstances')).toBe(6);
    expect(calls().map((call) => call.outcome)).toEqual([
      'ok',
      'failed',
      'failed',
      'ok',
      'failed',
      'failed',
      'failed',
    ]);
  });

  it('says and signs nothing of retries of the SDK, which are off', async () => {
    const headers: string[] = [];
    const adapter = await start((request) => {
      headers.push(...Object.keys(request.headers), request.headers.authorization ?? '');
      return oneInstance(accountId, instanceId);
    });

    await drain(adapter.listInstances(access, signal));

    expect(headers.join(' ')).toContain('Signature=');
    expect(headers.join(' ')).not.toContain('amz-sdk-');
  });

  it('hands the time of a Retry-After to the job', async () => {
    const adapter = await start(() =>
      ec2Error('RequestLimitExceeded', 'slow down', 503, { 'retry-after': '7' }),
    );

    await expect(drain(adapter.listInstances(access, signal))).rejects.toMatchObject({
      code: 'aws.throttled',
      retry: { afterMs: 7_000 },
      details: { awsCode: 'RequestLimitExceeded', httpStatus: 503, requestId: 'stub-request' },
    });
    expect(requestsOf('DescribeInstances')).toBe(1);
  });

  it('starts over once when AWS no longer takes its token, and yields no instance twice', async () => {
    let refusals = 1;
    const adapter = await start(({ body }) => {
      const page = oneInstance(accountId, instanceId);
      if (!body.includes('NextToken')) {
        return { body: page.body.replace('</reservationSet>', '</reservationSet><nextToken>t</nextToken>') };
      }
      refusals -= 1;
      return refusals >= 0 ? ec2Error('InvalidNextToken', 'too old', 400) : page;
    });

    expect(await drain(adapter.listInstances(access, signal))).toHaveLength(1);
    refusals = 2;
    await expect(drain(adapter.listInstances(access, signal))).rejects.toMatchObject({
      code: 'aws.unavailable',
    });
  });

  it('ends when a token leads nowhere', async () => {
    const adapter = await start(() => json({ InstanceInformationList: [], NextToken: 'round' }));

    await expect(drain(adapter.listManagedNodes(access, signal))).rejects.toMatchObject({
      code: 'aws.unavailable',
    });
  });

  it('goes on through tokens that come again, as long as they lead somewhere', async () => {
    const tokens = ['a', 'b'].flatMap((token) => Array.from({ length: 15 }, () => token));
    const adapter = await start(() => {
      const NextToken = tokens.shift();
      return json({ InstanceInformationList: [], ...(NextToken === undefined ? {} : { NextToken }) });
    });

    expect(await drain(adapter.listManagedNodes(access, signal))).toEqual([]);
    expect(requestsOf('DescribeInstanceInformation')).toBe(31);
  });

  it('does not lose an instance whose state it cannot read', async () => {
    const page = oneInstance(accountId, instanceId);
    const adapter = await start(() => ({ body: page.body.replace('running', 'levitating') }));

    await expect(drain(adapter.listInstances(access, signal))).rejects.toMatchObject({
      code: 'aws.unavailable',
    });
  });

  it('is loud about a code it does not know', async () => {
    const adapter = await start(() => jsonError('SomethingNewException', 'surprise'));

    await expect(drain(adapter.listManagedNodes(access, signal))).rejects.toMatchObject({
      code: 'bug.unknown',
      retry: 'backoff',
      details: { awsCode: 'SomethingNewException' },
    });
  });
});
