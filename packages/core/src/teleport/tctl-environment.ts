/** What any program needs of its surroundings to find files, speak a language and reach a server. */
const PASSED_ON: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'LANG',
  'LANGUAGE',
  'TZ',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
]);

/** Teleport's own variables, such as TELEPORT_HOME and TELEPORT_PROXY. */
const OF_TELEPORT = /^TELEPORT_/;
/** Those among them that carry a secret of an agent or of a bot: tctl shows who it is by an identity file. */
const SECRET = /TOKEN|SECRET|PASSWORD|PASSPHRASE|KEY/;

/**
 * The environment in which tctl runs: a few variables of the process's own, by name. Muster's credentials for AWS, the
 * address of Redis with its password, and whatever else the process was started with stay outside, because tctl may be
 * replaced by any process that can write its file, and what it starts inherits all of it.
 *
 * tctl is told not to update itself: it would run a program that no operator installed, and print its progress before the JSON.
 */
export function tctlEnvironment(own: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed = Object.entries(own).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && isPassedOn(entry[0]),
  );
  return { ...Object.fromEntries(passed), TELEPORT_TOOLS_VERSION: 'off' };
}

function isPassedOn(name: string): boolean {
  // curl's spelling of the proxies is lower case.
  const upper = name.toUpperCase();
  if (OF_TELEPORT.test(upper)) return !SECRET.test(upper);
  return PASSED_ON.has(upper) || upper.startsWith('LC_');
}
