const ANY_ORIGIN = 'http://muster.invalid';

/** Where a sign-in leads afterwards: a path of this console. `/` for anything that a browser would take elsewhere. */
export function localPath(text: unknown): string {
  // Browsers read a backslash as a slash, and leave out tabs and line breaks.
  if (typeof text !== 'string' || !text.startsWith('/') || /^\/[/\\]|[\\\p{Cc}]/u.test(text)) return '/';
  if (!URL.canParse(text, ANY_ORIGIN)) return '/';
  const url = new URL(text, ANY_ORIGIN);
  const path = url.pathname + url.search + url.hash;
  return url.origin === ANY_ORIGIN && !path.startsWith('//') ? path : '/';
}
