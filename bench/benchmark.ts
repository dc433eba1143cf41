import { middle } from '@muster/testing/growth';

/** How one benchmark is asked for. */
export interface BenchOptions {
  /** Small worlds and one repetition: to see that it runs, not to read figures from. */
  readonly quick: boolean;
  /** Also the sizes that take a quarter of an hour each. */
  readonly large: boolean;
}

/** One demand on a ratio or a figure. */
interface Demand {
  /** Key in `ratios` or `figures`. */
  readonly of: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** What one benchmark measured: medians of its repetitions. Units stand in the keys. */
export interface Measured {
  readonly figures: Readonly<Record<string, number>>;
  /** The same work without Muster, measured in the same run; empty where there is no such thing. */
  readonly baseline: Readonly<Record<string, number>>;
  /** Ours over the baseline's, or one figure over another. */
  readonly ratios: Readonly<Record<string, number>>;
  readonly must: readonly Demand[];
  /** What was read from time to time while it ran: in the file of results, and not on the page. */
  readonly readings?: readonly {
    readonly atMs: number;
    readonly figures: Readonly<Record<string, number>>;
  }[];
  readonly notes?: readonly string[];
}

/** A benchmark: it starts what it needs, and leaves nothing running. */
export interface Benchmark {
  readonly name: string;
  /** What is measured, in one sentence. */
  readonly about: string;
  /** Left out unless it is named: it takes an hour. @default false */
  readonly onlyByName?: boolean;
  readonly run: (options: BenchOptions) => Promise<Measured>;
}

/** A demand with what it came to. */
export interface Judged extends Demand {
  readonly value: number | null;
  readonly pass: boolean;
}

/** Compares the demands with what was measured; a value that is missing has failed. */
export function judge(measured: Measured): readonly Judged[] {
  return measured.must.map((demand) => {
    const value = measured.ratios[demand.of] ?? measured.figures[demand.of] ?? null;
    const pass =
      value !== null &&
      !Number.isNaN(value) &&
      (demand.atMost === undefined || value <= demand.atMost) &&
      (demand.atLeast === undefined || value >= demand.atLeast);
    return { ...demand, value, pass };
  });
}

/** The median of every figure over repetitions of the same benchmark. */
export function medians(
  repetitions: readonly Readonly<Record<string, number>>[],
): Readonly<Record<string, number>> {
  const names = Object.keys(repetitions[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, middle(repetitions.map((figures) => figures[name] ?? Number.NaN))]),
  );
}
