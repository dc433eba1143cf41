import { readFileSync } from 'node:fs';

/** One fenced block of a page. */
export interface GuideBlock {
  readonly language: string;
  readonly text: string;
  /** Line of the page where it begins. */
  readonly line: number;
}

/** The pages of docs/guide. */
export const GUIDE_PAGES = ['README.md', 'one-account.md', 'coming-from-teleport-discovery.md'] as const;

/** The text of a page of docs/guide. */
export function readGuide(page: string): string {
  return readFileSync(new URL(`../../docs/guide/${page}`, import.meta.url), 'utf8');
}

/** All fenced blocks of a text, in order; those inside lists lose their indentation. */
export function blocksOf(markdown: string): readonly GuideBlock[] {
  return [...markdown.matchAll(/^( *)```(\w*)\n(.*?)^\1```$/gms)].map((match) => ({
    language: match[2] ?? '',
    text: (match[3] ?? '').replaceAll(new RegExp(`^${match[1] ?? ''}`, 'gm'), ''),
    line: markdown.slice(0, match.index).split('\n').length,
  }));
}

/** The commands in a text's blocks of shell: continued lines joined, comments and empty lines left out. */
export function commandsOf(markdown: string): readonly string[] {
  return blocksOf(markdown)
    .filter((block) => block.language === 'sh')
    .flatMap((block) => block.text.replaceAll(/\\\n\s*/g, '').split('\n'))
    .map((line) => line.replace(/\s+# .*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
