import { X509Certificate } from 'node:crypto';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Problem } from '@muster/api/problem';
import { messageOf } from '@muster/core/runtime/errors';
import type { z } from 'zod';
import { CommandError, EXIT, type ExitCode } from '../command-context.ts';
import type { ApiAddress } from './api-address.ts';
import { createStaleNotice } from './tell-stale.ts';

/** Asks one scheduler. Everything that it refuses, and every answer that is none, ends the command with a message for people. */
export interface ApiClient {
  /** For people: the address, without a token and without a query. */
  readonly name: string;
  /** @returns null for what is not there */
  get<T extends z.ZodType>(path: string, answer: T, query?: Query): Promise<z.infer<T> | null>;
  post<T extends z.ZodType>(
    path: string,
    answer: T,
    body: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<z.infer<T>>;
  /** @returns false when there is nothing to delete */
  delete(path: string): Promise<boolean>;
}

/** Parameters of a request; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

const PATIENCE_MS = 30_000;
/** An answer of the API is at most a page of rows. */
const MOST_BYTES = 64 * 1024 * 1024;

/** A client of the API of one scheduler. */
export function createApiClient({ base, token, ca }: ApiAddress): ApiClient {
  if (ca !== null) trust(ca);
  const name = base.href.replace(/\/$/, '');
  const tellStale = createStaleNotice(name, (line) => process.stderr.write(line));

  async function ask(path: string, query: Query, request: RequestInit): Promise<Answer> {
    const url = new URL(`api/v1${path}`, base);
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    const headers = new Headers(request.headers);
    headers.set('accept', 'application/json');
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    try {
      const response = await fetch(url, {
        ...request,
        headers,
        // A token is for the address that it was given with.
        redirect: 'manual',
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      return { status: response.status, body: await readBody(response) };
    } catch (error) {
      if (error instanceof CommandError) throw error;
      throw new CommandError(EXIT.failed, describeFailure(name, error));
    }
  }

  return {
    name,
    get: async (path, answer, query = {}) => {
      const got = await ask(path, query, {});
      if (got.status === 404) return null;
      tellStale(got.body);
      return read(name, got, answer);
    },
    post: async (path, answer, body, headers = {}) =>
      read(
        name,
        await ask(
          path,
          {},
          {
            method: 'POST',
            body: JSON.stringify(body),
            headers: { 'content-type': 'application/json', ...headers },
          },
        ),
        answer,
      ),
    delete: async (path) => {
      const got = await ask(path, {}, { method: 'DELETE' });
      if (got.status === 404) return false;
      if (got.status !== 204) read(name, got, Problem);
      return true;
    },
  };
}

interface Answer {
  readonly status: number;
  /** Undefined for what is no JSON. */
  readonly body: unknown;
}

async function readBody(response: Response): Promise<unknown> {
  if (Number(response.headers.get('content-length') ?? 0) > MOST_BYTES) return undefined;
  const text = await response.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function read<T extends z.ZodType>(name: string, { status, body }: Answer, answer: T): z.infer<T> {
  if (status >= 200 && status < 300) {
    const parsed = answer.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new CommandError(
      EXIT.failed,
      `${name} answers something else than this release of muster reads: is it the address of a scheduler, and of which release? (muster version, there)`,
    );
  }
  const problem = Problem.safeParse(body);
  if (!problem.success) {
    const hint = status >= 300 && status < 400 ? ' and points elsewhere' : '';
    throw new CommandError(
      EXIT.failed,
      `${name} answers ${status}${hint}: is it the address of a scheduler?`,
    );
  }
  throw new CommandError(codeOf(status), describeProblem(name, status, problem.data));
}

/** A request that does not fit, or is about what is not there, is a slip of the command line; anything else did not work. */
function codeOf(status: number): ExitCode {
  return status === 400 || status === 404 || status === 422 ? EXIT.usage : EXIT.failed;
}

function describeProblem(name: string, status: number, { detail, errors = [] }: Problem): string {
  const hint = status === 401 ? ' A token is given by --token-file (muster api-token create makes one).' : '';
  const faults = errors.map(
    ({ parameter, pointer, detail: fault }) => `${parameter ?? pointer ?? ''}: ${fault}`,
  );
  if (status === 422) return detail;
  return status === 400 && faults.length > 0 ? faults.join('\n') : `${name}: ${detail}${hint}`;
}

/** What the network says, and what to do about the usual. */
function describeFailure(name: string, error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  const hint = UNTRUSTED.has(code)
    ? '. Where an authority of your own signed it: --ca-file FILE, or NODE_EXTRA_CA_CERTS'
    : '';
  const isLate = cause instanceof Error && cause.name === 'TimeoutError';
  const why = isLate ? `not within ${PATIENCE_MS / 1_000} s` : messageOf(cause);
  return `${name} does not answer: ${why}${hint}`;
}

/** Codes of OpenSSL for a certificate that no trusted authority has signed. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/** For this process, which is one command: fetch takes no authorities of its own. */
function trust(ca: string): void {
  try {
    // Node takes a text without any for none.
    const { raw } = new X509Certificate(ca);
    if (raw.length > 0) setDefaultCACertificates([...getCACertificates('default'), ca]);
  } catch (error) {
    throw new CommandError(EXIT.usage, `--ca-file: no certificates in PEM: ${messageOf(error)}`);
  }
}
