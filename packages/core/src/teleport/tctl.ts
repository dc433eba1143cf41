import { JobError } from '../runtime/errors.ts';
import type { OddNode, TeleportNode } from '../inventory/teleport-port.ts';
import { createArrayElements } from './array-elements.ts';
import { readNode } from './node-schema.ts';
import { startTctl, type TctlCommand } from './tctl-process.ts';

/** More than any cluster has: a tctl that prints without end must not fill Redis until its time is over. */
const MOST_NODES = 2_000_000;
/** What anything but the inventory may print. */
const MOST_PRINTED_BYTES = 1_048_576;

/**
 * Runs `tctl get nodes --format=json` and yields our nodes while it writes, holding one node in memory. Ends without throwing
 * only when the whole array was read and tctl ended with 0; a reader that stops early ends tctl.
 */
export async function* listNodesByTctl(
  tctl: TctlCommand,
  signal: AbortSignal,
  onOdd?: (node: OddNode) => void,
): AsyncGenerator<TeleportNode, void, undefined> {
  const run = startTctl(tctl, ['get', 'nodes', '--format=json'], '', signal);
  try {
    const elements = createArrayElements();
    let count = 0;
    for await (const chunk of run.output()) {
      for (const text of elements.push(chunk)) {
        count += 1;
        if (count > MOST_NODES) throw invalid(`the node inventory has more than ${MOST_NODES} nodes`);
        const { node, odd } = readNode(text);
        if (odd !== null) onOdd?.(odd);
        if (node !== null) yield node;
      }
    }
    await run.succeed();
    elements.end();
    for (let left = elements.oversize(); left > 0; left -= 1) onOdd?.({ kind: 'oversize' });
  } finally {
    run.close();
  }
}

/**
 * Runs one command of tctl's to its end, with `input` as its standard input. Throws as `listNodesByTctl` does.
 *
 * @returns what it printed, which is to be little
 */
export async function runTctl(
  tctl: TctlCommand,
  args: readonly string[],
  input: string,
  signal: AbortSignal,
): Promise<string> {
  const run = startTctl(tctl, args, input, signal);
  try {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of run.output()) {
      bytes += chunk.length;
      if (bytes > MOST_PRINTED_BYTES) throw invalid('tctl printed more than it was asked for');
      chunks.push(chunk);
    }
    await run.succeed();
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    run.close();
  }
}

function invalid(message: string): JobError {
  return new JobError('teleport.invalid', message, { retry: 'backoff' });
}
