/** What a program printed, in one line, without anything that could move a cursor or reorder a text. */
function plainOutput(text: string): string {
  return text.replaceAll(/\p{C}/gu, ' ').replaceAll(/\s+/g, ' ').trim();
}

/** The same for each of its lines, without blank ones: what stands in one line belongs together. */
export function plainLines(text: string): string {
  const lines = text.split(/[\r\n]+/).map(plainOutput);
  return lines.filter((line) => line !== '').join('\n');
}

/** What is shown of it: enough to know it by. */
const MOST_CHARS = 200;

/** The beginning of what a program printed, in quotes; empty when it is blank. */
export function quoteOutput(output: Buffer): string {
  const text = plainOutput(output.toString('utf8'));
  if (text === '') return '';
  return `"${text.slice(0, MOST_CHARS)}${text.length > MOST_CHARS ? '…' : ''}"`;
}
