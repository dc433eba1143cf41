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
}): string {
  const { sub_kind = 'teleport', labels = LABELS, expires } = change;
  return JSON.stringify({
    kind: 'node',
    version: 'v2',
    sub_kind,
    metadata: { name: 'node-1', labels, expires },
  });
}

describe('readNode', () => {
  it('reads a node that carries both labels', () => {
    expect(readNode(node({ expires: '2026-12-01T00:00:00Z' }))).toEqual({
      nodeId: 'node-1',
      accountId: '111122223333',
      instanceId: 'i-0123456789abcdef0',
      expiresAtMs: Date.UTC(2026, 11, 1),
    });
  });

  it('takes an expiry that was never set as none', () => {
    expect(readNode(node({ expires: '0001-01-01T00:00:00Z' }))?.expiresAtMs).toBeNull();
    expect(readNode(node({}))?.expiresAtMs).toBeNull();
  });

  it.each([
    [{ sub_kind: 'openssh' }],
    [{ sub_kind: 'openssh-ec2-ice' }],
    [{ labels: null }],
    [{ labels: {} }],
    [{ labels: { 'teleport.dev/account-id': '111122223333' } }],
    [{ labels: { ...LABELS, 'teleport.dev/instance-id': 'not-an-instance' } }],
  ])('leaves out a node with %j', (change) => {
    expect(readNode(node(change))).toBeNull();
  });

  it.each(['{}', '{"metadata":{}}', '{"metadata":{"name":7}}', '{"a":}'])('refuses %s', (text) => {
    expect(() => readNode(text)).toThrow(expect.objectContaining({ code: 'teleport.invalid' }));
  });
});
