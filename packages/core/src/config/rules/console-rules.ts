import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { type LocalUser, parseUsers } from '../../control/access/users-file.ts';
import { messageOf } from '../../runtime/errors.ts';
import { type EnvironmentSettings, inEnvironment, isLoopbackHost } from '../environment.ts';
import type { ConsoleSettings, OidcSettings, TlsSettings, TrustedProxySettings } from '../model.ts';
import type { ConsoleShape } from '../console-schema.ts';
import { isOpenConsole, isReachedByTls } from '../console-reach.ts';
import { readSecretFile, Secret } from '../secret.ts';
import type { Findings, Report } from '../source/report.ts';
import { formatDuration } from '../value-shapes.ts';
import { checkListen, type ReadFile } from './section-rules.ts';

/** A shorter one can be guessed over the network. */
const SHORTEST_PASSWORD = 8;
/** A program makes this one. */
const SHORTEST_SHARED_SECRET = 16;

/** Where the console listens, and who may come in: anywhere but on loopback something must say that. @param report of `muster.console` */
export function compileConsole(
  shape: ConsoleShape,
  environment: EnvironmentSettings,
  readFile: ReadFile | null,
  findings: Findings,
  report: Report,
): ConsoleSettings {
  const listen = environment.consoleListen ?? checkListen(shape.listen, ['listen'], report);
  const publicUrl = checkPublicUrl(shape, report);
  const settings: ConsoleSettings = {
    ...listen,
    publicUrl,
    proxies: checkProxies(shape, report),
    tls: compileTls(shape, readFile, report),
    usersFile: shape.users_file ?? null,
    users: compileUsers(shape, readFile, report),
    oidc: compileOidc(shape, publicUrl, readFile, report),
    trustedProxy: compileTrustedProxy(shape, readFile, report),
    password: compilePassword(shape, environment, readFile, findings, report),
    session: compileSession(shape, report),
  };
  checkReach(settings, environment, findings, report);
  return settings;
}

function checkReach(
  settings: ConsoleSettings,
  environment: EnvironmentSettings,
  findings: Findings,
  report: Report,
): void {
  if (isLoopbackHost(settings.host)) return;
  const isGuarded = environment.consoleBehindLoopback || report.isFaulted([]);
  if (isOpenConsole(settings) && !isGuarded) {
    const message = `the console would be open to the network on ${settings.host}: say who may come in (muster.console.users_file, oidc or trusted_proxy), or listen on 127.0.0.1`;
    if (environment.consoleListen === null) report.fault(['listen'], message);
    else findings.faults.push(inEnvironment('MUSTER_CONSOLE_LISTEN', message));
  }
  if (!isOpenConsole(settings) && !isReachedByTls(settings) && !environment.consoleBehindLoopback) {
    report.note(
      ['listen'],
      'passwords and sessions would cross the network unencrypted: name tls, or the public_url of a proxy that speaks https',
    );
  }
}

function checkPublicUrl({ public_url: text }: ConsoleShape, report: Report): string | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href) return url.origin;
  report.fault(
    ['public_url'],
    'must be http:// or https:// with a host and nothing behind it, such as https://muster.example.com',
  );
  return null;
}

function checkProxies({ proxies }: ConsoleShape, report: Report): readonly string[] {
  for (const [index, text] of proxies.entries()) {
    const [address = '', bits] = text.split('/');
    const version = isIP(address);
    const isNetwork =
      bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
    if (version === 0 || !isNetwork) {
      report.fault(
        ['proxies', index],
        `must be an address or a network, such as 10.0.0.0/8, found ${JSON.stringify(text)}`,
      );
    }
  }
  return proxies;
}

function compileTls({ tls }: ConsoleShape, readFile: ReadFile | null, report: Report): TlsSettings | null {
  if (tls === undefined) return null;
  const at = report.within(['tls']);
  const certificate = readRequired(tls.cert_file, ['cert_file'], readFile, at);
  const key = readRequired(tls.key_file, ['key_file'], readFile, at);
  if (certificate === null || key === null) return null;
  try {
    createSecureContext({ cert: certificate, key });
    return { certificate, key: new Secret(key) };
  } catch (error) {
    at.fault(['cert_file'], `the certificate and the key of key_file cannot be used: ${messageOf(error)}`);
    return null;
  }
}

function compileUsers(
  { users_file: path }: ConsoleShape,
  readFile: ReadFile | null,
  report: Report,
): readonly LocalUser[] | null {
  if (path === undefined) return null;
  const fault = (message: string): null => {
    report.fault(['users_file'], message);
    return null;
  };
  if (path === '') return fault('names no file: remove the key, or name the file with the users');
  if (readFile === null) return fault('files are not read here');
  const file = readFile(path);
  if (!file.ok && file.code === 'ENOENT') {
    report.note(
      ['users_file'],
      `the file ${path} does not exist: no user can sign in until muster user add makes it`,
    );
    return [];
  }
  if (!file.ok) return fault(`the file ${path} ${file.problem}`);
  const reading = parseUsers(file.text);
  return reading.ok ? reading.users : fault(`the file ${path}, line ${reading.line}, ${reading.problem}`);
}

function compileOidc(
  { oidc }: ConsoleShape,
  publicUrl: string | null,
  readFile: ReadFile | null,
  report: Report,
): OidcSettings | null {
  if (oidc === undefined) return null;
  const at = report.within(['oidc']);
  const issuer = issuerOf(oidc.issuer ?? '');
  if (issuer === null) {
    at.fault(['issuer'], 'must be the https:// URL of the provider (http:// on loopback only)');
  }
  if ((oidc.client_id ?? '') === '') at.fault(['client_id'], 'is missing: the provider gives it out');
  const redirectUrl = oidc.redirect_url ?? (publicUrl === null ? '' : `${publicUrl}${OIDC_CALLBACK}`);
  if (!URL.canParse(redirectUrl) || !new URL(redirectUrl).pathname.endsWith(OIDC_CALLBACK)) {
    at.fault(
      ['redirect_url'],
      `must be the URL of the console that ends with ${OIDC_CALLBACK}, or leave it out and name public_url`,
    );
  }
  checkRoles(oidc.roles, at);
  if (!oidc.scopes.includes('openid')) at.fault(['scopes'], 'must have openid among them');
  const path = oidc.client_secret_file;
  const secret = path === undefined ? null : readRequired(path, ['client_secret_file'], readFile, at);
  return {
    issuer: issuer ?? '',
    clientId: oidc.client_id ?? '',
    clientSecret: secret === null ? null : new Secret(secret),
    redirectUrl,
    label: oidc.label ?? (issuer === null ? '' : new URL(issuer).hostname),
    scopes: oidc.scopes,
    groupsClaim: oidc.groups_claim,
    nameClaim: oidc.name_claim,
    roles: oidc.roles,
  };
}

/** Where the provider sends the browser back to. */
const OIDC_CALLBACK = '/auth/oidc/callback';

function issuerOf(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname)) ? text : null;
}

function compileTrustedProxy(
  { trusted_proxy: proxy }: ConsoleShape,
  readFile: ReadFile | null,
  report: Report,
): TrustedProxySettings | null {
  if (proxy === undefined) return null;
  const at = report.within(['trusted_proxy']);
  const secret = readRequired(proxy.secret_file, ['secret_file'], readFile, at) ?? '';
  if (secret !== '' && secret.length < SHORTEST_SHARED_SECRET) {
    at.fault(
      ['secret_file'],
      `the shared secret needs at least ${SHORTEST_SHARED_SECRET} characters: openssl rand -hex 32`,
    );
  }
  checkRoles(proxy.roles, at);
  const names = {
    header: proxy.header,
    secret_header: proxy.secret_header,
    groups_header: proxy.groups_header,
  };
  for (const [key, name] of Object.entries(names)) {
    if (name !== undefined && !/^[\w-]{1,100}$/.test(name)) at.fault([key], 'must be the name of a header');
  }
  return {
    header: proxy.header.toLowerCase(),
    groupsHeader: proxy.groups_header?.toLowerCase() ?? null,
    secretHeader: proxy.secret_header.toLowerCase(),
    secret: new Secret(secret),
    roles: proxy.roles,
  };
}

function checkRoles(roles: Readonly<Record<string, unknown>>, report: Report): void {
  if (Object.keys(roles).length > 0 || report.isFaulted(['roles'])) return;
  report.fault(['roles'], 'is empty: no user could come in. Give groups a role, or "*" for every user');
}

function compilePassword(
  { password_file: path }: ConsoleShape,
  { consolePassword }: EnvironmentSettings,
  readFile: ReadFile | null,
  findings: Findings,
  report: Report,
): Secret | null {
  const text =
    consolePassword ?? (path === undefined ? null : readRequired(path, ['password_file'], readFile, report));
  if (text === null) return null;
  if (text.length < SHORTEST_PASSWORD) {
    const message = `the password of the console needs at least ${SHORTEST_PASSWORD} characters`;
    if (consolePassword === null) report.fault(['password_file'], message);
    else findings.faults.push(inEnvironment('MUSTER_CONSOLE_PASSWORD', message));
  }
  return new Secret(text);
}

function compileSession(
  { session: { idle, longest } }: ConsoleShape,
  report: Report,
): ConsoleSettings['session'] {
  if (idle > longest) {
    report.fault(['session', 'idle'], `must be at most longest (${formatDuration(longest)})`);
  }
  return { idleMs: idle, longestMs: longest };
}

function readRequired(
  path: string | undefined,
  key: readonly string[],
  readFile: ReadFile | null,
  report: Report,
): string | null {
  if (path === undefined) {
    report.fault(key, 'is missing');
    return null;
  }
  const reading = readSecretFile(path, readFile);
  if (reading.ok) return reading.text;
  report.fault(key, reading.problem);
  return null;
}
