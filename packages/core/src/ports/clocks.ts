import type { ClockReading, ProcessClock } from '../domain/process-clock.ts';

/** Redis's clock, and how the clocks of all processes stand to it. */
export interface ClockLedger {
  /** Compares a clock with Redis's: of several questions, the one that was answered fastest. */
  compare(now: () => number): Promise<ClockReading & { readonly redisNowMs: number }>;
  /** Tells the others how this process's clock stands. */
  tell(clock: ProcessClock): Promise<void>;
  /** Takes back what a process has told, at its end. */
  leave(name: string): Promise<void>;
  /** What every process has last told; those that have been silent for long may be among them. */
  all(): Promise<{
    readonly clocks: readonly ProcessClock[];
    /** Redis's time (epoch ms). */
    readonly redisNowMs: number;
    /** `host:port` of Redis, as this process reaches it. */
    readonly redisPlace: string;
  }>;
}
