import { describe, expect, it } from 'vitest';
import { type NodeReading, readNode } from './node-schema.ts';

const ACCOUNT = '111122223333';
const INSTANCE = 'i-0123456789abcdef0';
const LABELS = { 'teleport.dev/account-id': ACCOUNT, 'teleport.dev/instance-id': INSTANCE };
const AWS = { account_id: ACCOUNT, instance_id: INSTANCE };

interface NodeChange {
  readonly sub_kind?: string;
  readonly name?: string;
  readonly labels?: Record<string, string> | null;
  readonly dynamic?: Record<string, string>;
  readonly expires?: string;
  readonly aws?: unknown;
  readonly kind?: string;
}

function node(change: NodeChange): string {
  const { kind = 'node', sub_kind, name = 'node-1', labels = LABELS, dynamic = {}, expires, aws } = change;
  const commands = Object.entries(dynamic).map(([label, result]) => [
    label,
    { period: '1m0s', command: ['cat', '/etc/label'], result },
  ]);
  return JSON.stringify({
    kind,
    version: 'v2',
    sub_kind,
    metadata: { name, labels, expires },
    spec: {
      hostname: 'web-1',
      ...(commands.length === 0 ? {} : { cmd_labels: Object.fromEntries(commands) as object }),
      ...(aws === undefined ? {} : { cloud_metadata: { aws } }),
    },
  });
}

function hostOf({ node: read }: NodeReading): string | null {
  return read === null ? null : `${read.accountId}/${read.instanceId}`;
}

const HOST = `${ACCOUNT}/${INSTANCE}`;
const VICTIM = {
  'teleport.dev/account-id': '444455556666',
  'teleport.dev/instance-id': 'i-0feed0feed0feed00',
};

describe('readNode', () => {
  it('reads a node that carries both labels', () => {
    expect(readNode(node({ expires: '2026-12-01T00:00:00Z' }))).toEqual({
      node: {
        nodeId: 'node-1',
        accountId: ACCOUNT,
        instanceId: INSTANCE,
        expiresAtMs: Date.UTC(2026, 11, 1),
      },
      odd: null,
    });
  });

  it('takes an expiry that was never set as none', () => {
    expect(readNode(node({ expires: '0001-01-01T00:00:00Z' })).node?.expiresAtMs).toBeNull();
    expect(readNode(node({})).node?.expiresAtMs).toBeNull();
  });

  it.each<[string, NodeChange]>([
    ['static labels', {}],
    ['static labels of an agent that says it is one', { sub_kind: 'teleport' }],
    ['static labels, with its metadata', { aws: AWS }],
    ['static labels, where metadata is empty', { aws: { account_id: '', instance_id: '' } }],
    ['dynamic labels', { labels: null, dynamic: LABELS }],
    [
      'one label of each sort',
      {
        labels: { 'teleport.dev/account-id': ACCOUNT },
        dynamic: { 'teleport.dev/instance-id': `${INSTANCE}\n` },
      },
    ],
    ['an agentless node', { sub_kind: 'openssh' }],
    ['an agentless node behind an EC2 endpoint', { sub_kind: 'openssh-ec2-ice', aws: AWS }],
  ])('knows the host of a node by %s', (_, change) => {
    const reading = readNode(node(change));

    expect(hostOf(reading)).toBe(HOST);
    expect(reading.odd).toBeNull();
  });

  it.each<[string, NodeChange]>([
    ['no labels', { labels: null }],
    ['other labels', { labels: { team: 'web' } }],
    ['one label of two', { labels: { 'teleport.dev/account-id': ACCOUNT } }],
    ['labels that are no ids', { labels: { ...LABELS, 'teleport.dev/instance-id': 'web-1' } }],
    ['no labels and no agent', { labels: null, sub_kind: 'openssh-ec2-ice' }],
  ])('knows the host of a node with %s by its metadata, and tells of it', (_, change) => {
    const reading = readNode(node({ ...change, aws: AWS }));

    expect(hostOf(reading)).toBe(HOST);
    expect(reading.odd).toEqual({ kind: 'unlabeled', ...reading.node });
  });

  it.each<[string, NodeChange]>([
    ['labels that name another host', { labels: VICTIM, aws: AWS }],
    [
      'a label that names another instance',
      { labels: { ...LABELS, 'teleport.dev/instance-id': 'i-0feed0feed0feed00' }, aws: AWS },
    ],
    [
      'a label that names another account',
      { labels: { ...LABELS, 'teleport.dev/account-id': '444455556666' }, aws: AWS },
    ],
    [
      'only one label, of another account',
      { labels: { 'teleport.dev/account-id': '444455556666' }, aws: AWS },
    ],
    ['dynamic labels that name another host', { labels: null, dynamic: VICTIM, aws: AWS }],
    ['static and dynamic labels that differ', { dynamic: VICTIM }],
    ['an agentless node whose labels name another host', { sub_kind: 'openssh', labels: VICTIM, aws: AWS }],
  ])('gives a node to no host for %s', (_, change) => {
    const reading = readNode(node(change));

    expect(reading.node).toBeNull();
    expect(reading.odd).toMatchObject({ kind: 'contradicting', nodeId: 'node-1' });
  });

  it('says who says what in a node that contradicts itself', () => {
    expect(readNode(node({ labels: VICTIM, aws: AWS })).odd).toEqual({
      kind: 'contradicting',
      nodeId: 'node-1',
      expiresAtMs: null,
      says: [
        { by: 'labels', accountId: '444455556666', instanceId: 'i-0feed0feed0feed00' },
        { by: 'cloud metadata', accountId: ACCOUNT, instanceId: INSTANCE },
      ],
    });
  });

  it.each<[string, NodeChange]>([
    ['no labels and no metadata', { labels: null }],
    ['half the labels', { labels: { 'teleport.dev/account-id': ACCOUNT } }],
    [
      'an instance that is none of EC2',
      { labels: { ...LABELS, 'teleport.dev/instance-id': 'mi-0123456789abcdef0' } },
    ],
    ['metadata of another cloud', { labels: null, aws: null }],
  ])('leaves out a node with %s', (_, change) => {
    expect(readNode(node(change))).toEqual({ node: null, odd: null });
  });

  it('shows nothing of a name but what a name may have', () => {
    const name = `\u001B[2J\u202Eweb\n${'x'.repeat(200)}`;

    expect(readNode(node({ name })).node?.nodeId).toMatch(/^[\w.:@/?-]{80}$/);
  });

  it.each(['{}', '{"metadata":{}}', '{"metadata":{"name":7}}', '{"a":}', node({ kind: 'role' })])(
    'refuses %s',
    (text) => {
      expect(() => readNode(text)).toThrow(expect.objectContaining({ code: 'teleport.invalid' }));
    },
  );
});
