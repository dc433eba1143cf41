/** What an operator typed as the scope of a pause. */

export type PauseKind = 'account' | 'region' | 'cause';

const SHAPES: Readonly<Record<PauseKind, RegExp>> = {
  account: /^\d{12}$/,
  region: /^[a-z]{2}(-[a-z]+)+-\d$/,
  cause: /^[a-z][a-z0-9-]+$/,
};

/** The scope as the API takes it; null while what was typed is none. Whether it exists is the API's to say. */
export function scopeOfPause(kind: PauseKind, typed: string): string | null {
  const word = typed.trim();
  return SHAPES[kind].test(word) ? `${kind}:${word}` : null;
}
