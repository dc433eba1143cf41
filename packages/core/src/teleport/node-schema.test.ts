import { describe, expect, it } from 'vitest';
import { readNode } from './node-schema.ts';

const LABELS = {
  'teleport.dev/account-id': '111122223333',
  'teleport.dev/instance-id': 'i-0123456789abcdef0',
};

function node(change: {
  sub_kind?: string;
  labels?: Record<string, string> | null;
  expires?: string;
  aws?: unknown;
}): string {
  const { sub_kind = 'teleport', labels = LABELS, expires, aws } = change;
  return JSON.stringify({
    kind: 'node',
    version: 'v2',
    sub_kind,
    metadata: { name: 'node-1', labels, expires },
    ...(aws === undefined ? {} : { spec: { cloud_metadata: { aws } } }),
  });
}

describe('readNode', () => {
  it('reads a node that carries both labels', () => {
    expect(readNode(node({ expires: '2026-12-01T00:00:00Z' }))).toEqual({
      node: {
        nodeId: 'node-1',
        accountId: '111122223333',
        instanceId: 'i-0123456789abcdef0',
        expiresAtMs: Date.UTC(2026, 11, 1),
      },
      mislabeled: null,
    });
  });

  it('takes an expiry that was never set as none', () => {
    expect(readNode(node({ expires: '0001-01-01T00:00:00Z' })).node?.expiresAtMs).toBeNull();
    expect(readNode(node({})).node?.expiresAtMs).toBeNull();
  });

  it.each([
    [{ sub_kind: 'openssh' }],
    [{ sub_kind: 'openssh-ec2-ice' }],
    [{ labels: null }],
    [{ labels: {} }],
    [{ labels: { 'teleport.dev/account-id': '111122223333' } }],
    [{ labels: { ...LABELS, 'teleport.dev/instance-id': 'not-an-instance' } }],
  ])('leaves out a node with %j', (change) => {
    expect(readNode(node(change))).toEqual({ node: null, mislabeled: null });
  });

  const AWS = { account_id: '111122223333', instance_id: 'i-0123456789abcdef0' };
  const OTHER = {
    'teleport.dev/account-id': '444455556666',
    'teleport.dev/instance-id': 'i-0123456789abcdef0',
  };

  it.each([
    [{ aws: AWS }, false],
    [{ aws: null }, false],
    [{ aws: { account_id: '', instance_id: '' } }, false],
    [{ aws: AWS, labels: null }, true],
    [{ aws: AWS, labels: { 'teleport.dev/account-id': '111122223333' } }, true],
    [{ aws: AWS, labels: OTHER }, true],
    [{ aws: AWS, labels: null, sub_kind: 'openssh' }, false],
  ])('tells whether %j has the labels of its instance', (change, wrong) => {
    const { mislabeled } = readNode(node(change));

    expect(mislabeled).toEqual(
      wrong ? { nodeId: 'node-1', accountId: '111122223333', instanceId: 'i-0123456789abcdef0' } : null,
    );
  });

  it('takes what the labels say for joined, as Teleport does', () => {
    expect(readNode(node({ aws: AWS, labels: OTHER })).node?.accountId).toBe('444455556666');
  });

  it.each(['{}', '{"metadata":{}}', '{"metadata":{"name":7}}', '{"a":}'])('refuses %s', (text) => {
    expect(() => readNode(text)).toThrow(expect.objectContaining({ code: 'teleport.invalid' }));
  });
});
