import type { FoundNode, NodeName } from '../inventory/teleport-port.ts';
import { isJobError } from '../runtime/errors.ts';
import { createArrayElements } from './array-elements.ts';
import { readNode } from './node-schema.ts';
import { runTctl } from './tctl.ts';
import type { TctlCommand } from './tctl-process.ts';

/**
 * tctl ends with 1 for everything, so only its words tell a node that is not there: `node with ID "NAME" not found` of `get`
 * (gravitational/teleport, `tool/tctl/common/resources/server.go`), `key "/nodes/default/NAME" is not found` of `rm` (`lib/backend`).
 */
const NOT_FOUND = /\b(?:node|key)\b[^\n]{0,200}\bnot found\b/i;

/** `tctl get node/NAME`. It also finds nodes by host name, so what has another name than was asked for is none. */
export async function findNode(
  tctl: TctlCommand,
  name: NodeName,
  signal: AbortSignal,
): Promise<FoundNode | null> {
  const text = await unlessMissing(runTctl(tctl, ['get', `node/${name}`, '--format=json'], '', signal));
  if (text === null) return null;
  const elements = createArrayElements();
  const [only, ...others] = [...elements.push(Buffer.from(text))];
  elements.end();
  if (only === undefined || others.length > 0) return null;
  const { node, odd } = readNode(only);
  if (node === null || node.nodeId !== name) return null;
  return { ...node, isLabeled: odd === null };
}

/** `tctl rm node/NAME`, which goes by the name alone. */
export async function removeNode(tctl: TctlCommand, name: NodeName, signal: AbortSignal): Promise<void> {
  await unlessMissing(runTctl(tctl, ['rm', `node/${name}`], '', signal));
}

async function unlessMissing(run: Promise<string>): Promise<string | null> {
  try {
    return await run;
  } catch (error) {
    if (isJobError(error, 'teleport.unavailable') && NOT_FOUND.test(error.message)) return null;
    throw error;
  }
}
