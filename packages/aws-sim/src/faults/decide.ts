import { hashNumbers, hashText, unit } from '../world/hash.ts';
import type { FaultKind, FaultRule } from './rules.ts';

/** What is about to be called, and the when and the how often of it. */
export interface FaultQuestion {
  readonly accountId: string;
  readonly region: string;
  /** `ssm:SendCommand` */
  readonly api: string;
}

/** What the rules have in store for one call. */
export interface FaultVerdict {
  /** The one fault that decides the answer; undefined to answer normally. */
  readonly decisive: FaultKind | undefined;
  /** Status of an `error` or `error-after`. */
  readonly status: number;
  /** Simulated delay of the answer. */
  readonly slowMs: number;
  /** How old the state is that is shown, in simulated milliseconds. */
  readonly staleMs: number;
  readonly emptyPage: boolean;
  readonly duplicatePage: boolean;
  readonly reorderPage: boolean;
}

const NO_FAULT: FaultVerdict = {
  decisive: undefined,
  status: 500,
  slowMs: 0,
  staleMs: 0,
  emptyPage: false,
  duplicatePage: false,
  reorderPage: false,
};

/** The fault rules of a living world. */
export interface FaultBook {
  /** Counts the call and says what goes wrong with it. */
  judge(question: FaultQuestion, elapsedMs: number): FaultVerdict;
  /** Adds a rule; its window counts from `elapsedMs`. */
  add(rule: FaultRule, elapsedMs: number): void;
  clear(): void;
  rules(): readonly FaultRule[];
}

interface ActiveRule {
  readonly rule: FaultRule;
  readonly salt: number;
  readonly sinceMs: number;
  times: number;
}

/**
 * Decides by a hash of (seed, rule, account, region, API, nth call), so that what strikes does not depend on how calls
 * interleave. Without rules it costs and keeps nothing.
 */
export function createFaultBook(seed: number, rules: readonly FaultRule[]): FaultBook {
  const active: ActiveRule[] = [];
  const nthCalls = new Map<string, number>();
  const add = (rule: FaultRule, sinceMs: number): void => {
    active.push({ rule, salt: active.length + 1, sinceMs, times: 0 });
  };
  for (const rule of rules) add(rule, 0);

  function judge(question: FaultQuestion, elapsedMs: number): FaultVerdict {
    if (active.length === 0) return NO_FAULT;
    const key = `${question.accountId}/${question.region}/${question.api}`;
    const nth = nthCalls.get(key) ?? 0;
    nthCalls.set(key, nth + 1);
    const verdict = { ...NO_FAULT };
    for (const entry of active) {
      const { rule } = entry;
      if (verdict.decisive !== undefined && isDecisive(rule.kind)) continue;
      if (!applies(entry, question, elapsedMs)) continue;
      const throwOfDice = unit(
        hashNumbers(hashText(seed, key), entry.salt, Math.floor(nth / (rule.streak ?? 1)), 0xfa17),
      );
      if (throwOfDice >= (rule.probability ?? 1)) continue;
      entry.times += 1;
      strike(verdict, rule);
    }
    return verdict;
  }

  return {
    judge,
    add,
    clear() {
      active.length = 0;
    },
    rules: () => active.map((entry) => entry.rule),
  };
}

function applies(entry: ActiveRule, question: FaultQuestion, elapsedMs: number): boolean {
  const { rule } = entry;
  const sinceMs = elapsedMs - entry.sinceMs;
  if (rule.maxTimes !== undefined && entry.times >= rule.maxTimes) return false;
  if (sinceMs < (rule.fromMs ?? 0) || sinceMs >= (rule.untilMs ?? Number.POSITIVE_INFINITY)) return false;
  if (rule.accounts !== undefined && !rule.accounts.includes(question.accountId)) return false;
  if (rule.regions !== undefined && !rule.regions.includes(question.region)) return false;
  return rule.apis.some((api) => actionMatches(api, question.api));
}

/** Whether an action (`ssm:SendCommand`) falls under a pattern (itself, `ssm:*` or `*`). */
export function actionMatches(pattern: string, action: string): boolean {
  if (pattern === '*' || pattern === action) return true;
  return pattern.endsWith(':*') && action.startsWith(pattern.slice(0, -1));
}

function isDecisive(kind: FaultKind): boolean {
  return !['slow', 'stale', 'empty-page', 'duplicate-page', 'reorder-page'].includes(kind);
}

function strike(verdict: { -readonly [K in keyof FaultVerdict]: FaultVerdict[K] }, rule: FaultRule): void {
  if (isDecisive(rule.kind)) {
    verdict.decisive = rule.kind;
    verdict.status = rule.status ?? 500;
  }
  if (rule.kind === 'slow') verdict.slowMs = Math.max(verdict.slowMs, rule.delayMs ?? 1_000);
  if (rule.kind === 'stale') verdict.staleMs = Math.max(verdict.staleMs, rule.delayMs ?? 2_000);
  if (rule.kind === 'empty-page') verdict.emptyPage = true;
  if (rule.kind === 'duplicate-page') verdict.duplicatePage = true;
  if (rule.kind === 'reorder-page') verdict.reorderPage = true;
}
