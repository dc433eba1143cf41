import { execFileSync } from 'node:child_process';
import { anInstall, seededRandom } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import type { InstallSettings } from '../scan/matcher.ts';
import { isHyphenated, isNoProxyList, isProxyUrl } from './alphabets.ts';
import { documentEnvironment, exportedAssignments } from './install-script.ts';

const PLAIN = anInstall({ documentName: 'TeleportDiscoveryInstaller', joinToken: 'token' });
const NAMES = [
  'TELEPORT_INSTALL_SUFFIX',
  'TELEPORT_UPDATE_GROUP',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
] as const;

/** Texts that the alphabet lets through, as odd as it allows; null now and then. */
function accepted(
  random: () => number,
  start: string,
  characters: string,
  accepts: (text: string) => boolean,
): string | null {
  if (random() < 0.2) return null;
  for (;;) {
    const length = 1 + Math.floor(random() * 24);
    const pick = (): string => characters[Math.floor(random() * characters.length)] ?? 'a';
    const text = `${start}${Array.from({ length }, pick).join('')}`;
    if (accepts(text)) return text;
  }
}

test.each([
  ['in a custom document, as Teleport’s exports it', documentEnvironment],
  ['in our own command', exportedAssignments],
])('1,000 environments that a configuration may hold reach the host unchanged %s', (_where, write) => {
  const random = seededRandom(41);
  const all = Array.from(
    { length: 1000 },
    (): InstallSettings => ({
      ...PLAIN,
      suffix: accepted(random, '', 'aZ09-', isHyphenated),
      updateGroup: accepted(random, '', 'aZ09-', isHyphenated),
      httpProxy: accepted(random, 'http://', 'a.9:@%!&+,=~_-/', isProxyUrl),
      httpsProxy: accepted(random, 'https://u', 'a.9:@%!&+,=~_-/', isProxyUrl),
      noProxy: accepted(random, '', 'a.*,:/[]_-9', isNoProxyList),
    }),
  );

  // As `runCommand` of the document has it: `export {{ env }}; …`, each in a shell of its own.
  const print = NAMES.map((name) => `"\${${name}-}"`).join(' ');
  const lines = all.map((settings) => {
    const env = write(settings);
    return `( ${env === null ? ':' : `export ${env}`}; printf '%s\\0' ${print} )`;
  });
  const printed = execFileSync('sh', ['-s'], { input: lines.join('\n'), env: {}, maxBuffer: 16_000_000 })
    .toString('utf8')
    .split('\0')
    .slice(0, -1);

  expect(printed).toEqual(
    all.flatMap(({ suffix, updateGroup, httpProxy, httpsProxy, noProxy }) =>
      [suffix, updateGroup, httpProxy, httpsProxy, noProxy].map((value) => value ?? ''),
    ),
  );
});
