import type { AwsAction } from './aws-actions.ts';
import type { AccountId, Region } from './ids.ts';

/** One call to AWS, as the adapter saw it end. */
export interface AwsCall {
  readonly action: AwsAction;
  readonly outcome: 'ok' | 'throttled' | 'denied' | 'failed';
  readonly accountId: AccountId | null;
  readonly region: Region | null;
  readonly durationMs: number;
  /** No answer came: refused, reset, or silent until the call was given up. @default false */
  readonly unanswered?: boolean;
}

/** Told of every call; must not throw and must not block. */
export type AwsCallObserver = (call: AwsCall) => void;
