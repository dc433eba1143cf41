import type { InstanceId } from '../organization/ids.ts';

/** Why a scan that sees an instance keeps no record of it. */
export type BystanderKind = 'opted-out' | 'unmatched' | 'stopped' | 'starting';

/** Instances of a target that a scan saw and keeps no record of, by what they are. */
export type Bystanders = ReadonlyMap<InstanceId, BystanderKind>;

/** What it means, as a sentence. */
export const BYSTANDER_TEXTS: Readonly<Record<BystanderKind, string>> = {
  'opted-out':
    'a tag of its own excludes it (muster:opt-out, or exclude_tags of the matcher): it is left alone',
  unmatched: 'no matcher of the configuration wants it: it is left alone',
  stopped: 'it is wanted, and was stopped when it was last seen: it is enrolled once it runs',
  starting: 'it is wanted, and was starting when it was last seen: the next scan takes it up',
};

const LETTERS: Readonly<Record<BystanderKind, string>> = {
  'opted-out': 'o',
  unmatched: 'u',
  stopped: 's',
  starting: 'p',
};
const KINDS = Object.entries(LETTERS) as [BystanderKind, string][];

/** More of a target's are not kept. */
const MOST = 5_000;

/** One text, `LETTER:ID,ID …`: a few bytes each, since a target may have thousands that no operator asks for. */
export function writeBystanders(bystanders: Bystanders): string {
  const kept = [...bystanders].slice(0, MOST);
  return KINDS.map(([kind, letter]) => {
    const ids = kept.filter(([, one]) => one === kind).map(([id]) => id);
    return ids.length === 0 ? '' : `${letter}:${ids.join(',')}`;
  })
    .filter((part) => part !== '')
    .join(' ');
}

/** What the text says of one instance; null when nothing. */
export function findBystander(text: string, id: InstanceId): BystanderKind | null {
  for (const part of text.split(' ')) {
    const kind = KINDS.find(([, letter]) => part.startsWith(`${letter}:`))?.[0];
    if (kind !== undefined && part.slice(2).split(',').includes(id)) return kind;
  }
  return null;
}
