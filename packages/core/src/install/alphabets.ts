/**
 * What may be interpolated into a command that runs as root on a host. The alphabets leave out everything a shell or
 * SSM's own `{{ }}` substitution reads, because a custom document puts the values into its script without quoting them.
 */

/** Name of a join token. Starts with a letter or digit, so that it is never read as an option. */
const JOIN_TOKEN = /^[A-Za-z0-9][A-Za-z0-9._@+=-]{0,254}$/;
/** Name of an installer resource: one path segment of a URL. */
const SCRIPT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Suffix and update group: Teleport's own alphabet. */
const HYPHENATED = /^[A-Za-z0-9-]{1,128}$/;
/** A DNS name or IPv4 address, or an IPv6 address in brackets; the port is optional. */
const HOST_PORT =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?$/;
/** A forward proxy: scheme, optional user, host, optional port. */
const PROXY_URL =
  /^https?:\/\/(?:[A-Za-z0-9._~%!&+,=-]+(?::[A-Za-z0-9._~%!&+,=-]*)?@)?(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?\/?$/;
/** Hosts, domains, addresses and networks, separated by commas. */
const NO_PROXY = /^[A-Za-z0-9.*_:/[\]-]+(?:,[A-Za-z0-9.*_:/[\]-]+)*$/;
/** SSM's own alphabet for a document's name or ARN. */
const DOCUMENT_NAME = /^[A-Za-z0-9_.:/-]{3,128}$/;

const SHA256 = /^[0-9a-f]{64}$/;

export function isJoinToken(text: string): boolean {
  return JOIN_TOKEN.test(text);
}

export function isScriptName(text: string): boolean {
  return SCRIPT_NAME.test(text);
}

/** Teleport's rule for `install.suffix` and `install.update_group`. */
export function isHyphenated(text: string): boolean {
  return HYPHENATED.test(text);
}

/** `host` or `host:port`; a port, when given, is 1 to 65535. */
export function isHostPort(text: string): boolean {
  const match = HOST_PORT.exec(text);
  if (match === null) return false;
  const port = match[1];
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
}

export function isProxyUrl(text: string): boolean {
  return text.length <= 512 && PROXY_URL.test(text);
}

export function isNoProxyList(text: string): boolean {
  return text.length <= 1024 && NO_PROXY.test(text);
}

export function isDocumentName(text: string): boolean {
  return DOCUMENT_NAME.test(text);
}

/** SHA-256 in lower-case hexadecimal digits. */
export function isSha256(text: string): boolean {
  return SHA256.test(text);
}
