import type { Redis } from 'ioredis';
import type { Finding } from '../control/findings.ts';
import type { Keys } from '../redis/keys.ts';

/** Redis drops the hash when no process has put a call for so long. */
const KEPT_SECONDS = 3_600;

/** A hash: `service/account/region` → `since|last`. Empty while AWS answers. */
export function createUnansweredLedger(deps: { readonly redis: Redis; readonly keys: Keys }) {
  const { redis, keys } = deps;

  async function all(): Promise<readonly UnansweredCalls[]> {
    return Object.entries(await redis.hgetall(keys.unanswered)).flatMap(([field, text]) => {
      const [service = '', accountId = '', region = ''] = field.split('/');
      const [sinceMs = Number.NaN, lastMs = Number.NaN] = text.split('|').map(Number);
      if (!Number.isSafeInteger(sinceMs) || !Number.isSafeInteger(lastMs)) return [];
      const place = { accountId: accountId === '' ? null : accountId, region: region === '' ? null : region };
      return [{ service, ...place, sinceMs, lastMs }];
    });
  }

  return {
    all,

    /** Adds what does not answer, or goes on not answering; the earliest beginning stands. */
    async put(calls: readonly UnansweredCalls[]): Promise<void> {
      if (calls.length === 0) return;
      const known = new Map((await all()).map((one) => [fieldOf(one), one.sinceMs]));
      const fields = calls.map((call) => {
        const sinceMs = Math.min(call.sinceMs, known.get(fieldOf(call)) ?? call.sinceMs);
        return [fieldOf(call), `${Math.floor(sinceMs)}|${Math.floor(call.lastMs)}`] as const;
      });
      await redis
        .multi()
        .hset(keys.unanswered, Object.fromEntries(fields))
        .expire(keys.unanswered, KEPT_SECONDS)
        .exec();
    },

    async remove(calls: readonly UnansweredCalls[]): Promise<void> {
      if (calls.length > 0) await redis.hdel(keys.unanswered, ...calls.map(fieldOf));
    },
  };
}

/** Which services of AWS do not answer, over all workers. */
export type UnansweredLedger = ReturnType<typeof createUnansweredLedger>;

function fieldOf({ service, accountId, region }: UnansweredCalls): string {
  return `${service}/${accountId ?? ''}/${region ?? ''}`;
}

/** A service of AWS that has not answered the calls of one account and region. */
export interface UnansweredCalls {
  /** Such as `ec2`. */
  readonly service: string;
  /** Null for calls that the workers make as themselves. */
  readonly accountId: string | null;
  /** Null for services without regions. */
  readonly region: string | null;
  /** When the first of the calls in a row that met no answer began. */
  readonly sinceMs: number;
  /** When the last of them was given up. */
  readonly lastMs: number;
}

/** One call without an answer is nothing; this long without any is. Real time. */
const LASTS_AFTER_MS = 15_000;
/** Calls are tried again within minutes: where none was for this long, no worker asks any more. */
const OVER_AFTER_MS = 10 * 60_000;
const EXAMPLES = 3;

/** One finding for each service and region that does not answer, with how many accounts it concerns. */
export function findingsOfUnanswered(calls: readonly UnansweredCalls[], nowMs: number): readonly Finding[] {
  const lasting = calls.filter(
    ({ sinceMs, lastMs }) => lastMs - sinceMs >= LASTS_AFTER_MS && nowMs - lastMs < OVER_AFTER_MS,
  );
  const groups = Map.groupBy(
    lasting,
    ({ service, region }) => `${service}${region === null ? '' : `:${region}`}`,
  );
  return [...groups].map(([scope, group]) => {
    const accounts = group
      .map(({ accountId }) => accountId)
      .filter((id) => id !== null)
      .toSorted();
    const [service = '', region] = scope.split(':');
    const more = accounts.length - EXAMPLES;
    const shown = accounts.slice(0, EXAMPLES).join(', ');
    const of =
      accounts.length === 0
        ? ''
        : ` to calls of ${accounts.length} ${accounts.length === 1 ? 'account' : 'accounts'}: ${shown}${more > 0 ? ` and ${more} more` : ''}`;
    const place = region === undefined ? service : `${service} in ${region}`;
    return {
      kind: 'aws-unanswered',
      scope: `aws:${scope}`,
      sinceMs: Math.min(...group.map(({ sinceMs }) => sinceMs)),
      message: `AWS does not answer (${place})${of}. Calls are given up after seconds and tried again.`,
      remedy: `Check that the workers reach ${service}${region === undefined ? '' : `.${region}`}.amazonaws.com on port 443: security group, firewall, VPC endpoint, HTTP proxy; then the AWS Health Dashboard. It goes on by itself.`,
      owner: 'operator',
      count: Math.max(1, accounts.length),
    };
  });
}
