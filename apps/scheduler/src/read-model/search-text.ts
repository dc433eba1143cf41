/** What a text search and a filter by tags look at: one text of an instance's id, name and tags, in lower case. */
const NAME = '\u0001';
const TAG = '\u0002';
const END = '\n';

/** The name stands without its key, so that not every host with a name is found by "name". */
export function searchText(id: string, tags: Readonly<Record<string, string>>): string {
  const others = Object.entries(tags).filter(([key]) => key !== 'Name');
  const tagged = others.map(([key, value]) => `${TAG}${plain(key)}=${plain(value)}${END}`);
  return `${id}${END}${NAME}${plain(tags['Name'] ?? '')}${END}${tagged.join('')}`;
}

/** What the text of an instance contains that has a tag, `KEY=VALUE`, or `KEY` alone. Case does not matter. */
export function tagText(tag: string): string {
  const sign = tag.indexOf('=');
  const [key, value] = sign === -1 ? [tag, null] : [tag.slice(0, sign), tag.slice(sign + 1)];
  if (key.toLowerCase() === 'name' && value !== null) return `${NAME}${plain(value)}${END}`;
  return value === null ? `${TAG}${plain(key)}=` : `${TAG}${plain(key)}=${plain(value)}${END}`;
}

/** A tag may hold anything; what parts of the text are told apart by is none of it. */
function plain(text: string): string {
  const marks = [NAME, TAG, END];
  return marks.reduce((left, mark) => left.replaceAll(mark, ' '), text).toLowerCase();
}

/** The words of a search, each of which must be found. */
export function searchWords(q: string | undefined): readonly string[] {
  return plain(q ?? '')
    .split(/\s+/)
    .filter((word) => word !== '');
}
