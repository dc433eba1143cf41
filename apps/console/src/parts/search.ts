/** The search part of the page's address, as flat texts: what is shown can be sent to a colleague, and the API takes the same words. */

/** Parameters by name; one with several words has them joined by commas, as the API takes them. */
export type Search = Readonly<Record<string, string>>;

/** Reads `?state=failed,lost&q=web`. What is empty is left out: it would look like a filter, and filter nothing. */
export function parseSearch(text: string): Search {
  return Object.fromEntries([...new URLSearchParams(text)].filter(([, value]) => /[^\s,]/.test(value)));
}

/** Writes it; what is empty is left out. Commas and colons stay legible. */
export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (typeof value === 'string' && value !== '') words.set(name, value);
  }
  const text = words.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
  return text === '' ? '' : `?${text}`;
}

/** The words of a parameter; none where it is absent. */
export function wordsOf(search: Search, name: string): readonly string[] {
  return (search[name] ?? '').split(',').filter((word) => word !== '');
}
