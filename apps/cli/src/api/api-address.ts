/** Which scheduler a command asks, and as whom. */
import { isLoopback } from '@muster/core/runtime/request-origin';
import { readFileSync } from 'node:fs';
import { messageOf } from '@muster/core/runtime/errors';
import { CommandError, type Environment, EXIT } from '../command-context.ts';

/** The options before the verb that name a scheduler. */
export interface ApiOptions {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
}

/** A scheduler's API, and what opens it. */
export interface ApiAddress {
  /** Of the scheduler, with a `/` at its end. */
  readonly base: URL;
  /** Null where none was given: a scheduler that every program of this machine may read. */
  readonly token: string | null;
  /** Certificates of authorities that are trusted beside the usual ones; null for none. */
  readonly ca: string | null;
}

/**
 * The scheduler that `--url` or MUSTER_URL names; null without, and then a command talks to Redis. Exit code 64 for an address
 * that cannot be one, or that would send the token in clear text to another machine.
 */
export function apiAddress(options: ApiOptions, env: Environment): ApiAddress | null {
  const given = options.url ?? env['MUSTER_URL'] ?? '';
  const tokenFile = options.tokenFile ?? env['MUSTER_TOKEN_FILE'] ?? '';
  if (given === '') {
    if (options.tokenFile === undefined && options.caFile === undefined) return null;
    throw new CommandError(
      EXIT.usage,
      '--token-file and --ca-file are for --url, the address of a scheduler such as https://muster.example.com',
    );
  }
  const word = options.url === undefined ? 'MUSTER_URL' : '--url';
  const base = URL.parse(given);
  if (base === null || (base.protocol !== 'https:' && base.protocol !== 'http:')) {
    throw new CommandError(EXIT.usage, `${word}: must be an address such as https://muster.example.com`);
  }
  if (base.username !== '' || base.password !== '') {
    throw new CommandError(EXIT.usage, `${word}: no name and no password belong into it: use --token-file`);
  }
  if (base.protocol === 'http:' && !isLoopback(base.hostname)) {
    throw new CommandError(
      EXIT.usage,
      `${word}: plain http reaches this machine only, since others on the way could read the token: use https`,
    );
  }
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return {
    base,
    token: tokenFile === '' ? null : readToken(tokenFile),
    ca: options.caFile === undefined ? null : readNamed('--ca-file', options.caFile),
  };
}

function readToken(file: string): string {
  const token = readNamed('--token-file', file).trim();
  // Printable characters alone: anything else is no token, and would end the header.
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw new CommandError(EXIT.usage, `--token-file ${file}: must hold one token, in one line`);
}

function readNamed(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.usage, `${option} ${file}: ${messageOf(error)}`);
  }
}
