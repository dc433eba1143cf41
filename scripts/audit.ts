/**
 * `npm run audit`: known vulnerabilities of what the product loads, as the registry tells them. Exit code 0 without any, 1 with
 * some, 2 where the registry does not answer that question: what was not asked is not clean.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PNPM = `${ROOT}/node_modules/.bin/pnpm`;

const { stdout, stderr } = spawnSync(PNPM, ['audit', '--prod', '--json'], { cwd: ROOT, encoding: 'utf8' });
const vulnerabilities = countsOf(stdout);
if (vulnerabilities === null) {
  const why = stderr.split('\n').find((line) => /ERR_/.test(line)) ?? 'no answer that can be read';
  process.stdout.write(`audit skipped: the registry answers no audit (${why.trim()})\n`);
  process.exitCode = 2;
} else {
  const found = Object.entries(vulnerabilities).filter(([, count]) => count > 0);
  const total = found.reduce((sum, [, count]) => sum + count, 0);
  process.stdout.write(
    `${total} known vulnerabilities${total === 0 ? '' : `: ${JSON.stringify(Object.fromEntries(found))}`}\n`,
  );
  process.exitCode = total === 0 ? 0 : 1;
}

/** By severity; null for what is no answer. */
function countsOf(text: string): Readonly<Record<string, number>> | null {
  try {
    const said = JSON.parse(text) as { metadata?: { vulnerabilities?: Record<string, number> } };
    return said.metadata?.vulnerabilities ?? null;
  } catch {
    return null;
  }
}
