import { describe, expect, test } from 'vitest';
import { findInstallerCall } from './installer-call.ts';

const URL = 'https://proxy.example.com:443/v1/webapi/scripts/installer/default-installer';
const TOKEN = 'aws-discovery-iam-token';

/** Quotes a text for a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const PREFLIGHT = `command -v bash >/dev/null 2>&1 || { echo "bash not found" >&2; exit 100; }
if ! command -v curl > /dev/null; then echo 'no curl'; exit 102; fi
free=$(df -Pm "$(dirname /opt/teleport)" | awk 'NR==2 {print $4}'); [ "\${free:-0}" -ge 1250 ] || exit 103
curl -fsS -m 10 -o /dev/null https://proxy.example.com:443/webapi/find || { echo "proxy ($free) unreachable"; exit 104; }
`;

describe('findInstallerCall', () => {
  test.each([
    ['plain pipe', `curl -sSL ${URL} | bash -s ${TOKEN}`],
    ['end of options', `curl -sSL ${URL} | bash -s -- ${TOKEN}`],
    [
      'inner shell in single quotes',
      `bash -c 'set -o pipefail; curl --silent --show-error --location ${URL} | bash -s ${TOKEN}'`,
    ],
    [
      'inner shell with quoted words',
      `bash -c ${quote(`set -o pipefail; curl -sSL ${quote(URL)} | bash -s ${quote(TOKEN)}`)}`,
    ],
    ['options before -c', `/bin/bash -euo pipefail -c "curl -sSL '${URL}' | sudo -E bash -s '${TOKEN}'"`],
    [
      'positional parameters',
      `bash -c 'set -o pipefail; curl -sSL "$1" | bash -s "$2"' muster ${quote(URL)} ${quote(TOKEN)}`,
    ],
    ['variables', `URL="${URL}"\nexport TOKEN='${TOKEN}'\ncurl -sSL "$URL" | sh -s -- "\${TOKEN}"`],
    [
      'after a preflight',
      `${PREFLIGHT}bash -c ${quote(`set -o pipefail; curl -sSL ${quote(URL)} | bash -s ${quote(TOKEN)}`)}`,
    ],
    ['saved and run', `curl -sSL -o /tmp/install.sh ${URL} && sudo bash /tmp/install.sh ${TOKEN}`],
    ['redirected and run by name', `curl -sSL ${URL} > /tmp/i.sh; chmod +x /tmp/i.sh; /tmp/i.sh ${TOKEN}`],
    [
      'exports in one line',
      `export TELEPORT_INSTALL_SUFFIX=a HTTPS_PROXY='http://p:1'; curl -sSL ${URL} | bash -s ${TOKEN}`,
    ],
    ['line continuation', `curl -sSL \\\n  ${URL} \\\n  | bash -s \\\n  ${TOKEN}`],
  ])('sees address and token: %s', (_name, text) => {
    const call = findInstallerCall(text);

    expect(call).toEqual({ url: URL, token: TOKEN, failsOnHttpError: false });
  });

  test('a quoted token with shell characters is one argument', () => {
    const call = findInstallerCall(`curl -sSL ${URL} | bash -s ${quote("a b; rm -rf '/'")}`);

    expect(call?.token).toBe("a b; rm -rf '/'");
  });

  test('without an argument the token is empty', () => {
    expect(findInstallerCall(`curl -sSL ${URL} | bash`)?.token).toBe('');
  });

  test('--fail is noticed', () => {
    expect(findInstallerCall(`curl -fsSL ${URL} | bash -s ${TOKEN}`)?.failsOnHttpError).toBe(true);
  });

  test.each([
    ['nothing is downloaded', 'echo hello'],
    ['it is only downloaded', `curl -sSL ${URL}`],
    ['it is only printed', `echo "curl ${URL} | bash -s ${TOKEN}"`],
    ['it is in a comment', `# curl -sSL ${URL} | bash -s ${TOKEN}`],
    ['another address is run', `curl -sSL https://proxy.example.com/install.sh | bash -s ${TOKEN}`],
  ])('null when %s', (_name, text) => {
    expect(findInstallerCall(text)).toBeNull();
  });
});
