const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const NEEDS_ESCAPE = /[&<>"]/u;

/** Makes a text safe inside an element. Characters that XML cannot carry become U+FFFD. */
export function escapeXml(value: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what XML 1.0 leaves out
  const legal = value.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/gu, '\ufffd');
  return NEEDS_ESCAPE.test(legal) ? legal.replaceAll(/[&<>"]/gu, (c) => ESCAPES[c] ?? c) : legal;
}

/** An element with text in it; nothing at all when the value is absent. */
export function element(name: string, value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return '';
  return `<${name}>${typeof value === 'string' ? escapeXml(value) : String(value)}</${name}>`;
}

/** An element around ready XML; self-closing when there is none. */
export function wrap(name: string, inner: string): string {
  return inner === '' ? `<${name}/>` : `<${name}>${inner}</${name}>`;
}
