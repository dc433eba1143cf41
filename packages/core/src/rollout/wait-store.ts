import type { Redis } from 'ioredis';
import { plainName } from '../control/findings.ts';
import { readWaitReason, type SendWait, type TargetWait, type WaitReason } from './send-wait.ts';
import { readTargetId, targetId, type Target } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import type { EnrollmentLedger } from '../enrollment/enrollment-store.ts';

/** The same wait is not written again for this long: sends that wait for their turn look several times a second. */
const WRITTEN_FOR_MS = 5_000;
/** Targets whose waits are remembered; the rest is written more often. */
const REMEMBERED = 10_000;
/** A wait that is over by its own time for this long, and that no job has looked at since, is not told of. */
const STALE_AFTER_MS = 120_000;

interface WaitDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly enrollments: Pick<EnrollmentLedger, 'intent' | 'openBatches'>;
}

/** A hash: target id → `reason|since|until or nothing`, and `|subject` where there is one. What it says is for people: no send hangs on it. */
export function createWaitLedger(deps: WaitDeps) {
  const { redis, keys } = deps;
  const written = new Map<string, { readonly reason: string; readonly atMs: number }>();

  async function read(id: string): Promise<TargetWait | null> {
    return parseWait(await redis.hget(keys.waits, id));
  }

  return {
    /**
     * A send to the target waits. Since when is kept while the reason stays; `hasSent`: something was sent meanwhile, so the
     * wait is a new one.
     */
    async note(
      target: Target,
      {
        reason,
        subject = null,
        untilMs,
        nowMs,
        hasSent,
      }: {
        readonly reason: WaitReason;
        /** See `SendWait`. @default null */
        readonly subject?: string | null;
        readonly untilMs: number | null;
        readonly nowMs: number;
        readonly hasSent: boolean;
      },
    ): Promise<void> {
      const id = targetId(target);
      const last = written.get(id);
      const words = `${reason}|${subject ?? ''}`;
      if (!hasSent && last?.reason === words && nowMs - last.atMs < WRITTEN_FOR_MS) return;
      const before = hasSent ? null : await read(id);
      const isSame = before?.reason === reason && before.subject === subject;
      const sinceMs = isSame ? before.sinceMs : nowMs;
      if (written.size >= REMEMBERED) written.clear();
      written.set(id, { reason: words, atMs: nowMs });
      await redis.hset(
        keys.waits,
        id,
        `${reason}|${Math.floor(sinceMs)}|${untilMs === null ? '' : Math.ceil(untilMs)}${subject === null ? '' : `|${subject}`}`,
      );
    },

    /** Nothing waits there any more. */
    async clear(target: Target): Promise<void> {
      const id = targetId(target);
      written.delete(id);
      await redis.hdel(keys.waits, id);
    },

    of: (target: Target): Promise<TargetWait | null> => read(targetId(target)),

    /** Of several at once, in their order. */
    async some(targets: readonly Target[]): Promise<readonly (TargetWait | null)[]> {
      if (targets.length === 0) return [];
      return (await redis.hmget(keys.waits, ...targets.map(targetId))).map((text) => parseWait(text));
    },

    /** All waits by reason, those of the most instances first. */
    async sum(nowMs: number): Promise<readonly SendWait[]> {
      const fields = await redis.hgetall(keys.waits);
      const waits = Object.entries(fields).flatMap(([id, text]) => {
        const [target, wait] = [readTargetId(id), parseWait(text)];
        if (target === null || wait === null) return [];
        return (wait.untilMs ?? nowMs) + STALE_AFTER_MS < nowMs ? [] : [{ target, wait }];
      });
      const counts = await Promise.all(
        // One that SSM throttled is a candidate again when the wait is over.
        waits.map(({ target, wait }) =>
          redis.zcount(keys.target(target).candidates, '-inf', Math.max(nowMs, wait.untilMs ?? 0)),
        ),
      );
      const all = waits
        .map(({ wait }, index) => ({ ...wait, instances: counts[index] ?? 0 }))
        .filter(({ instances }) => instances > 0);
      return sumUp([...all, ...(await unanswered(deps, nowMs))]);
    },
  };
}

/** What keeps each target's candidates from being sent to. */
export type WaitLedger = ReturnType<typeof createWaitLedger>;

type CountedWait = TargetWait & { readonly instances: number };

function sumUp(waits: readonly CountedWait[]): readonly SendWait[] {
  return [...Map.groupBy(waits, ({ reason, subject }) => `${reason}|${subject ?? ''}`).values()]
    .flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const { reason, subject } = first;
      const untils = group.map(({ untilMs }) => untilMs).filter((untilMs) => untilMs !== null);
      const sum = {
        reason,
        subject,
        targets: group.length,
        instances: group.reduce((total, { instances }) => total + instances, 0),
        sinceMs: Math.min(...group.map(({ sinceMs }) => sinceMs)),
        untilMs: untils.length < group.length ? null : Math.max(...untils),
      };
      return [sum];
    })
    .toSorted((a, b) => b.instances - a.instances);
}

/** Batches whose send may or may not have been accepted: their instances wait until that is certain. */
async function unanswered(deps: WaitDeps, nowMs: number): Promise<readonly CountedWait[]> {
  const batches = await deps.enrollments.openBatches();
  const intents = await Promise.all(
    batches.map(({ target, batchId }) => deps.enrollments.intent(target, batchId)),
  );
  return intents.flatMap((intent) => {
    if (intent === null || intent.value.command !== null || intent.value.notAfterMs >= nowMs) return [];
    const { instanceIds, intentAtMs } = intent.value;
    return [
      {
        reason: 'answer-lost',
        subject: null,
        sinceMs: intentAtMs,
        untilMs: null,
        instances: instanceIds.length,
      } as const,
    ];
  });
}

function parseWait(text: string | null | undefined): TargetWait | null {
  const [reason, since, until, subject] = text?.split('|') ?? [];
  const sinceMs = Number(since);
  if (reason === undefined || since === undefined || !Number.isSafeInteger(sinceMs)) return null;
  const untilMs = until === undefined || until === '' ? null : Number(until);
  return {
    reason: readWaitReason(reason),
    subject: subject === undefined ? null : plainName(subject),
    sinceMs,
    untilMs: Number.isSafeInteger(untilMs) ? untilMs : null,
  };
}
