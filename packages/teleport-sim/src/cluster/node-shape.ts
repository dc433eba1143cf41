import type { NodeIdentity } from './node-identity.ts';
import { isRecord } from './record.ts';

/** In what the node of a host differs from one that discovery enrolled. What is absent is as discovery makes it. */
export interface NodeShape {
  /** Instead of the two labels of the host: none for one joined by hand, another's for a node that lies. */
  readonly identityLabels?: Readonly<Record<string, string>>;
  /** Labels whose values its agent finds by running commands. */
  readonly dynamicLabels?: Readonly<Record<string, string>>;
  /** The host that its cloud metadata names; null for a node without any. */
  readonly cloudMetadata?: NodeIdentity | null;
  /** `openssh` and `openssh-ec2-ice` have no agent. */
  readonly subKind?: string;
}

/** What of a request's body shapes a node; null when nothing does. */
export function readNodeShape(value: unknown): NodeShape | null {
  if (!isRecord(value)) return null;
  const { identityLabels, dynamicLabels, cloudMetadata, subKind } = value as Record<string, unknown>;
  const shape: NodeShape = {
    ...(isRecord(identityLabels) ? { identityLabels: textsOf(identityLabels) } : {}),
    ...(isRecord(dynamicLabels) ? { dynamicLabels: textsOf(dynamicLabels) } : {}),
    ...(cloudMetadata === null ? { cloudMetadata: null } : {}),
    ...(isRecord(cloudMetadata)
      ? {
          cloudMetadata: {
            accountId: String(cloudMetadata['accountId']),
            instanceId: String(cloudMetadata['instanceId']),
          },
        }
      : {}),
    ...(typeof subKind === 'string' ? { subKind } : {}),
  };
  return Object.keys(shape).length === 0 ? null : shape;
}

function textsOf(record: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, text]) => [key, String(text)]));
}
