/** Calls one command of Redis. */
type Call = (command: string, ...args: string[]) => Promise<unknown>;

/** What a key of the ledger grows with. */
type Part = 'instances' | 'index' | 'changes' | 'nodes' | 'queue' | 'targets';

/**
 * Bytes of all keys of an installation by what they grow with. `instances`: records, and what each target keeps of its own.
 * `index`: instance → target. `changes`: the change stream, whose length has a bound. `nodes`: snapshots of the inventory.
 * `queue`: BullMQ's. `targets`: all other keys, which grow with accounts and regions or not at all.
 */
export async function ledgerParts(call: Call): Promise<Record<Part, number>> {
  const parts = { instances: 0, index: 0, changes: 0, nodes: 0, queue: 0, targets: 0 };
  let cursor = '0';
  do {
    const [next, keys] = (await call('SCAN', cursor, 'COUNT', '1000')) as [string, string[]];
    cursor = next;
    const sizes = await Promise.all(keys.map((key) => call('MEMORY', 'USAGE', key, 'SAMPLES', '50')));
    for (const [n, key] of keys.entries()) parts[partOf(key)] += Number(sizes[n] ?? 0);
  } while (cursor !== '0');
  return parts;
}

function partOf(key: string): Part {
  if (/^\{[^}]*\}:queue:/.test(key)) return 'queue';
  if (/:\d{12}\.[a-z]/.test(key)) return 'instances';
  if (key.endsWith(':instance-targets')) return 'index';
  if (key.endsWith(':changes')) return 'changes';
  return key.includes(':nodes:') ? 'nodes' : 'targets';
}
