import { hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { AttemptResult } from '../enrollment/record.ts';
import { encodeStored, parseStored } from '../enrollment/stored-schema.ts';
import { AccountId, InstanceId } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';
import type { OutputCluster } from './output-clusters.ts';
import {
  OTHER_OUTPUTS,
  type OutputTemplate,
  placeLines,
  type SeenLine,
  tellingLine,
} from './output-templates.ts';

/** The cluster of each host whose output has a line to tell: `CAUSE/TEMPLATE`, for the write of its record. */
export type OutputClusters = ReadonlyMap<InstanceId, string>;

const StoredTemplates = z.looseObject({
  templates: z.array(z.looseObject({ id: z.string(), text: z.string(), by: AccountId })),
});

/** Clusters read at once, those of the most hosts. */
const CLUSTERS_READ = 20;
/** How often templates are made anew on what another worker has written meanwhile. */
const ATTEMPTS = 4;
const ENTRY = /^[^|]+\|(\d+)\|(\d{12})\|([^|]+)$/;

/** The keys of outputs.lua, in the order in which scripts take them. */
export function outputKeys(keys: Keys): readonly string[] {
  return [keys.outputHosts, keys.outputIndex, keys.outputSums, keys.outputAccounts];
}

/** Failed outputs that are alike. Who is in which cluster follows from the records (outputs.lua, by commit-target.lua). */
export type OutputLedger = ReturnType<typeof createOutputLedger>;

export function createOutputLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}) {
  const { redis, keys, run } = deps;

  /** The templates of one cause's lines, in their order. */
  async function templatesOf(cause: string, lines: readonly SeenLine[]): Promise<readonly string[]> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const text = (await redis.hget(keys.outputTemplates, cause)) ?? '';
      const known = readTemplates(text);
      const unused = await unusedOf(cause, known);
      const { templates, ids } = placeLines(known, lines, unused, idOf);
      if (JSON.stringify(templates) === JSON.stringify(known)) return ids;
      const written = await run(
        'put-templates',
        [keys.outputTemplates],
        [cause, text, encodeStored({ templates })],
      );
      if (written === 1) return ids;
    }
    return lines.map(() => OTHER_OUTPUTS);
  }

  async function unusedOf(cause: string, known: readonly OutputTemplate[]): Promise<ReadonlySet<string>> {
    if (known.length === 0) return new Set();
    const hosts = await redis.hmget(keys.outputSums, ...known.map(({ id }) => `${cause}/${id}`));
    return new Set(known.flatMap(({ id }, at) => (hosts[at] === null ? [id] : [])));
  }

  return {
    /** Finds out which outputs of one target's failed hosts are alike, and like those of others. */
    async place(
      { accountId }: Target,
      results: ReadonlyMap<InstanceId, AttemptResult>,
    ): Promise<OutputClusters> {
      const lines = [...results].flatMap(([instanceId, result]) => {
        const line = result.kind === 'failure' ? tellingLine(result.output) : null;
        return result.kind === 'failure' && line !== null
          ? [{ instanceId, cause: result.cause, line, accountId }]
          : [];
      });
      const clusters = new Map<InstanceId, string>();
      for (const [cause, seen] of Map.groupBy(lines, (one) => one.cause)) {
        const ids = await templatesOf(cause, seen);
        for (const [at, { instanceId }] of seen.entries()) {
          clusters.set(instanceId, `${cause}/${ids[at] ?? OTHER_OUTPUTS}`);
        }
      }
      return clusters;
    },

    /** The clusters of the most hosts, those first. */
    async largest(): Promise<readonly OutputCluster[]> {
      const sums = await redis.hgetall(keys.outputSums);
      const clusters = Object.keys(sums).filter((field) => !field.endsWith('|') && Number(sums[field]) > 0);
      if (clusters.length === 0) return [];
      const shown = clusters
        .toSorted((a, b) => Number(sums[b]) - Number(sums[a]) || a.localeCompare(b))
        .slice(0, CLUSTERS_READ);
      const templates = await redis.hgetall(keys.outputTemplates);
      const described = await Promise.all(shown.map((cluster) => describe(deps, cluster, sums, templates)));
      return described.filter((one) => one !== null);
    },

    /** The cluster that a host is in; null when its output is in none. */
    async of(instanceId: InstanceId): Promise<OutputCluster | null> {
      const entry = await redis.hget(keys.outputHosts, instanceId);
      const cluster = entry?.split('|')[0];
      if (cluster === undefined) return null;
      const [hosts, accounts] = await redis.hmget(keys.outputSums, cluster, `${cluster}|`);
      const [cause = ''] = cluster.split('/');
      const templates = await redis.hget(keys.outputTemplates, cause);
      return describe(
        deps,
        cluster,
        { [cluster]: hosts ?? '0', [`${cluster}|`]: accounts ?? '0' },
        { [cause]: templates ?? '' },
      );
    },
  };
}

/** Eight hexadecimal digits. */
function idOf(text: string): string {
  return hash('sha256', text).slice(0, 8);
}

type Reading = Pick<Parameters<typeof createOutputLedger>[0], 'redis' | 'keys'>;

/** The oldest or the newest entry of a cluster. */
async function endOf({ redis, keys }: Reading, cluster: string, side: 'oldest' | 'newest') {
  // `}` is the character after `|`.
  const [from, to] = [`[${cluster}|`, `(${cluster}}`];
  const [entry = ''] =
    side === 'oldest'
      ? await redis.zrangebylex(keys.outputIndex, from, to, 'LIMIT', 0, 1)
      : await redis.zrevrangebylex(keys.outputIndex, to, from, 'LIMIT', 0, 1);
  const [, ms, account, instance] = ENTRY.exec(entry) ?? [];
  const [accountId, instanceId] = [AccountId.safeParse(account), InstanceId.safeParse(instance)];
  return accountId.success && instanceId.success
    ? { atMs: Number(ms), accountId: accountId.data, instanceId: instanceId.data }
    : null;
}

async function describe(
  reading: Reading,
  cluster: string,
  sums: Readonly<Record<string, string>>,
  templates: Readonly<Record<string, string>>,
): Promise<OutputCluster | null> {
  const [cause = '', id = ''] = cluster.split('/');
  const [oldest, newest] = await Promise.all([
    endOf(reading, cluster, 'oldest'),
    endOf(reading, cluster, 'newest'),
  ]);
  if (oldest === null || newest === null) return null;
  const template = readTemplates(templates[cause] ?? '').find((one) => one.id === id);
  return {
    cause,
    template: template?.text ?? null,
    hosts: Number(sums[cluster]),
    accounts: Number(sums[`${cluster}|`] ?? 0),
    oldestAtMs: oldest.atMs,
    newestAtMs: newest.atMs,
    example: { accountId: newest.accountId, instanceId: newest.instanceId },
  };
}

/** What another client has written is no template. */
function readTemplates(text: string): readonly OutputTemplate[] {
  return parseStored(StoredTemplates, text)?.templates ?? [];
}
