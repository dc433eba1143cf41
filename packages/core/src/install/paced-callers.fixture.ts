import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type { Quota } from './pacing.ts';

const LUA = readFileSync(new URL('./take-token.lua', import.meta.url), 'utf8');
const OF_REDIS = "redis.call('TIME')";
const OF_THE_TEST = '{ARGV[7], ARGV[8]}';
const REMEMBERED_MS = 600_000;
/** From a granted call to its answer, and between two calls of one caller. */
const ANSWER_MS: [number, number] = [30, 90];
const PAUSE_MS = 10;
/** How late a caller that was told to wait is back. */
const LATE_MS: [number, number] = [5, 45];

/** A day of callers in front of an AWS whose bucket is known, played in moments. */
export interface CallersOrder {
  /** Our bucket, uncut. */
  readonly ours: Quota;
  /** AWS's. */
  readonly real: Quota;
  /** From this many calls on, AWS allows so many per second. */
  readonly change?: { readonly afterCalls: number; readonly perSecond: number };
  readonly callers: number;
  /** Answers that are not throttles, after which it ends. */
  readonly calls: number;
  readonly seed: number;
}

/** What the second half of the calls was like. */
export interface SettledCalls {
  /** Calls over what AWS's bucket was refilled by meanwhile. */
  readonly used: number;
  /** Throttles over all answers. */
  readonly throttled: number;
}

interface Turn {
  readonly atMs: number;
  readonly go: () => Promise<void>;
}

/** Plays callers through the script itself, with the time it reads given by the play. */
export async function playCallers(redis: Redis, key: string, order: CallersOrder): Promise<SettledCalls> {
  if (!LUA.includes(OF_REDIS)) throw new Error('the script reads its time otherwise');
  const script = LUA.replace(OF_REDIS, OF_THE_TEST);
  const random = randomOf(order.seed);
  const within = ([from, to]: readonly [number, number]): number => from + random() * (to - from);
  const answers: { readonly atMs: number; readonly ok: boolean }[] = [];
  const turns: Turn[] = [];
  const at = (atMs: number, go: Turn['go']): void => {
    turns.push({ atMs, go });
    turns.sort((a, b) => a.atMs - b.atMs);
  };
  let nowMs = 1_700_000_000_000;
  let tokens = order.real.burst;
  let tokensAtMs = nowMs;
  let ok = 0;
  const perSecond = (): number =>
    order.change !== undefined && ok >= order.change.afterCalls
      ? order.change.perSecond
      : order.real.perSecond;

  const run = async (mode: 'take' | 'throttled', tookMs = 0): Promise<number> => {
    const { perSecond: rate, burst } = order.ours;
    const whole = Math.floor(nowMs);
    const time = [Math.floor(whole / 1_000), (whole % 1_000) * 1_000];
    return Number(await redis.eval(script, 1, key, mode, rate, burst, REMEMBERED_MS, 0, tookMs, ...time));
  };
  const takeAtAws = (): boolean => {
    tokens = Math.min(order.real.burst, tokens + ((nowMs - tokensAtMs) / 1_000) * perSecond());
    tokensAtMs = nowMs;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
  const call = async (): Promise<void> => {
    const waitMs = await run('take');
    if (waitMs > 0) return at(nowMs + waitMs + within(LATE_MS), call);
    const tookMs = within(ANSWER_MS);
    at(nowMs + tookMs / 2, async () => {
      const granted = takeAtAws();
      at(nowMs + tookMs / 2, async () => {
        answers.push({ atMs: nowMs, ok: granted });
        if (granted) ok += 1;
        at(nowMs + (granted ? PAUSE_MS : (await run('throttled', tookMs)) + within(LATE_MS)), call);
      });
    });
  };

  for (let n = 0; n < order.callers; n += 1) at(nowMs + n, call);
  while (ok < order.calls) {
    const turn = turns.shift();
    if (turn === undefined) throw new Error('no caller is left');
    nowMs = Math.max(nowMs, turn.atMs);
    await turn.go();
  }
  return settled(answers, order.calls / 2, perSecond());
}

function settled(
  answers: readonly { readonly atMs: number; readonly ok: boolean }[],
  from: number,
  perSecond: number,
): SettledCalls {
  let seen = 0;
  const start = answers.findIndex((answer) => (seen += Number(answer.ok)) >= from);
  const half = answers.slice(start);
  const [first, last] = [half[0]?.atMs ?? 0, half.at(-1)?.atMs ?? 0];
  const calls = half.filter((answer) => answer.ok).length;
  return {
    used: calls / (((last - first) / 1_000) * perSecond),
    throttled: (half.length - calls) / half.length,
  };
}

/** 0 ≤ x < 1, the same row for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
