import { expect, test } from 'vitest';
import { asFailure, asResult } from './tool.ts';

/** `run`, in characters that no font draws and a model reads. */
const UNSEEN = '\u{E0072}\u{E0075}\u{E006E}';

test('what a person does not see is written by its number, in values, in names and in failures', () => {
  const data = {
    name: `web${UNSEEN}`,
    tags: { [`k${UNSEEN}`]: [`v\u202e`] },
    count: 3,
    none: null,
    lines: 'a\nb',
  };

  const result = asResult(data);

  const text = JSON.stringify([result, asFailure(`no ${UNSEEN}`)]);
  expect(text).not.toMatch(/\p{Cf}/u);
  expect(result.structuredContent).toMatchObject({
    data: {
      name: String.raw`web\udb40\udc72\udb40\udc75\udb40\udc6e`,
      count: 3,
      none: null,
      lines: 'a\nb',
    },
  });
});
