import type { Redis } from 'ioredis';
import { encodeStored, parseStored } from '../enrollment/stored-schema.ts';
import type { Keys } from '../redis/keys.ts';
import { redisTime } from '../redis/redis-time.ts';
import {
  type Approval,
  type ApprovalRequest,
  type ApprovalSubject,
  isCovered,
  StoredApproval,
  StoredRequest,
} from './approval.ts';

/** What waits for an operator's approval, and what was approved. A text that cannot be read counts as none: sends wait then. */
export function createApprovalLedger({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  async function approval(subject: ApprovalSubject): Promise<Approval | null> {
    const text = await redis.hget(keys.approvals, subject);
    return text === null ? null : parseStored(StoredApproval, text);
  }

  return {
    /** Asks for an approval, or tells what it would cover now. Since when is kept from the first time. */
    async ask(request: Omit<ApprovalRequest, 'sinceMs'>): Promise<void> {
      const before = await redis.hget(keys.approvalRequests, request.subject);
      const known = before === null ? null : parseStored(StoredRequest, before);
      const asked: ApprovalRequest = { ...request, sinceMs: known?.sinceMs ?? (await redisTime(redis)) };
      const text = encodeStored(asked);
      if (text !== before) await redis.hset(keys.approvalRequests, request.subject, text);
    },

    /** What waits for an approval, the longest wait first: without what an approval covers by now. */
    async requests(): Promise<readonly ApprovalRequest[]> {
      const [texts, approvals] = await Promise.all([
        redis.hvals(keys.approvalRequests),
        redis.hgetall(keys.approvals),
      ]);
      return texts
        .map((text) => parseStored(StoredRequest, text))
        .filter((request) => request !== null)
        .filter((request) => {
          const approved = approvals[request.subject];
          return approved === undefined || !isCovered(parseStored(StoredApproval, approved), request);
        })
        .toSorted((a, b) => a.sinceMs - b.sinceMs || a.subject.localeCompare(b.subject));
    },

    approval,

    /**
     * Pins what the operator was shown, and answers the request by it. Approved again, the new figures take the place of the
     * old ones. @param by who, for people
     */
    async approve(shown: ApprovalRequest, by: string): Promise<Approval> {
      const { subject, hosts, accounts, basis, grow } = shown;
      const pinned: Approval = { subject, hosts, accounts, basis, grow, by, atMs: await redisTime(redis) };
      await redis
        .multi()
        .hset(keys.approvals, subject, encodeStored(pinned))
        .hdel(keys.approvalRequests, subject)
        .exec();
      return pinned;
    },

    /** Neither asked for nor approved any longer: the subject is no more. */
    async withdraw(subject: ApprovalSubject): Promise<void> {
      await redis.multi().hdel(keys.approvals, subject).hdel(keys.approvalRequests, subject).exec();
    },

    /** Not asked for at the moment; what was approved stays. */
    async withdrawRequest(subject: ApprovalSubject): Promise<void> {
      await redis.hdel(keys.approvalRequests, subject);
    },
  };
}

/** Approvals of an operator, and what waits for one. */
export type ApprovalLedger = ReturnType<typeof createApprovalLedger>;
