import type { Tone } from '../format/wording.ts';

/** One line of a chart. */
export interface Line {
  readonly name: string;
  readonly tone: Tone;
  /** One per time; null where nothing was recorded: the line has a gap there. */
  readonly values: readonly (number | null)[];
}
