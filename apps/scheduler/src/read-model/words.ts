/**
 * Words as small numbers: a row holds the number of its state and not the word, and a filter is a table of which numbers fit.
 * 0 is the empty word, which stands for none. A word that was met once is kept.
 */
export function createWords() {
  const numbers = new Map<string, number>([['', 0]]);
  const words: string[] = [''];
  /** By number, the place of each word in their order; null since a word was added. */
  let places: Uint32Array | null = null;

  function placesNow(): Uint32Array {
    if (places?.length === words.length) return places;
    const order = words.map((_, n) => n).toSorted((a, b) => compare(words[a] ?? '', words[b] ?? ''));
    const made = new Uint32Array(words.length);
    for (const [place, n] of order.entries()) made[n] = place;
    places = made;
    return made;
  }

  return {
    /** The number of a word, which is met now or was before. */
    add(word: string): number {
      const known = numbers.get(word);
      if (known !== undefined) return known;
      numbers.set(word, words.length);
      return words.push(word) - 1;
    },

    wordOf: (n: number): string => words[n] ?? '',

    size: (): number => words.length,

    /** By number: the place of each word in their order. */
    places: placesNow,

    /** The place of any word: between two places for one that was never met. */
    placeOf(word: string): number {
      const known = numbers.get(word);
      if (known !== undefined) return placesNow()[known] ?? 0;
      return words.reduce((before, one) => (one < word ? before + 1 : before), 0) - 0.5;
    },

    /** By number: 1 for the words that fit. */
    table(fits: (word: string) => boolean): Uint8Array {
      return Uint8Array.from(words, (word) => (fits(word) ? 1 : 0));
    },
  };
}

export type Words = ReturnType<typeof createWords>;

/** The order of words, names and ids in lists: that of their characters, whatever the language. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
