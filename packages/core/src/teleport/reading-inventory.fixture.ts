/** A process of its own that reads the inventory through the tctl it is given, for tests that kill it. */
import { listNodesByTctl } from './tctl.ts';

const [, , command = ''] = process.argv;
const tctl = { command, args: [], timeoutMs: 600_000 };
for await (const node of listNodesByTctl(tctl, new AbortController().signal)) {
  process.stdout.write(`${node.nodeId}\n`);
}
