import { createHash } from 'node:crypto';

/** Which host a node resource stands for. */
export interface NodeIdentity {
  /** Twelve digits. */
  readonly accountId: string;
  readonly instanceId: string;
}

function nodeKey(node: NodeIdentity): string {
  return `${node.accountId}/${node.instanceId}`;
}

/**
 * The host UUID a node is given at its first join, from the seed and the host alone, so that the same world has the
 * same nodes whatever the order of the joins.
 */
export function nodeId(seed: string, node: NodeIdentity): string {
  const hex = createHash('sha1')
    .update(`${seed}:${nodeKey(node)}`)
    .digest('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A number in [0, 1) that belongs to this host and purpose, the same in every run with the same seed. */
export function nodeFraction(seed: string, node: NodeIdentity, purpose: string): number {
  const text = `${seed}:${purpose}:${nodeKey(node)}`;
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // FNV-1a alone leaves the high bits of neighbors alike: mix once more (the finalizer of MurmurHash3).
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}
