import { execFileSync } from 'node:child_process';
import { seededRandom } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import { hostileText } from './hostile-text.fixture.ts';
import { quoteForShell, shellWord } from './install-script.ts';

const SHELLS = ['sh', 'bash'];

describe.each(SHELLS)('in %s', { timeout: 30_000 }, (shell) => {
  test.each([
    ['quoteForShell', quoteForShell],
    ['shellWord', shellWord],
  ])('%s turns 2,000 hostile texts into one word each, unchanged', (_name, quote) => {
    const random = seededRandom(7);
    const texts = ['', ...Array.from({ length: 2000 }, () => hostileText(random))];

    // A NUL byte after each word: nothing a text can hold.
    const script = texts.map((text) => `printf '%s\\0' ${quote(text)}`).join('\n');
    const printed = execFileSync(shell, ['-s'], { input: script, maxBuffer: 16_000_000 })
      .toString('utf8')
      .split('\0');

    expect(printed.slice(0, -1)).toEqual(texts);
  });
});

describe('shellWord', () => {
  test('leaves plain words as they are', () => {
    expect(shellWord('http://proxy.example.com:3128')).toBe('http://proxy.example.com:3128');
  });

  test('quotes what a shell would expand', () => {
    expect(shellWord('*.internal')).toBe("'*.internal'");
    expect(shellWord('')).toBe("''");
  });
});
