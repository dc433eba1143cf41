/** One line of the audit: who did what, from where, over how many hosts, and what came of it. Pure: the store dates and appends it. */
// oxlint-disable-next-line no-restricted-imports -- a function of its arguments
import { hash } from 'node:crypto';
import { z } from 'zod';
import { ForeignWord } from '../../enrollment/cause.ts';
import { EpochMs } from '../../enrollment/record.ts';
import { beginOfText } from '../../runtime/wording.ts';
import { LEDGER_SCHEMA } from '../installation.ts';

/** What is audited. The last nine are Muster's own acts and those of people on who may act. */
export const AUDIT_ACTS = [
  'retry',
  'cancel',
  'pause',
  'resume',
  'sweep',
  'approve',
  'accept-inventory',
  'mute',
  'brake',
  'ramp',
  'config',
  'change',
  'clean-up',
  'queue',
  'sign-in',
  'user',
  'token',
] as const;
export type AuditAct = (typeof AUDIT_ACTS)[number];

/** How an act ended. `begun`: it goes on, and another entry tells its end. `refused`: it was not allowed, and did nothing. */
export const AUDIT_RESULTS = ['done', 'begun', 'stopped', 'canceled', 'failed', 'refused'] as const;
export type AuditResult = (typeof AUDIT_RESULTS)[number];

/** How an actor proved to be one: `cli` by access to Redis, `muster` is Muster itself, the others as `/api/v1` knows them. */
export const ACTOR_KINDS = [
  'cli',
  'muster',
  'user',
  'token',
  'proxy',
  'oidc',
  'loopback',
  'link',
  'anonymous',
] as const;

/** Who acts, and from where. */
export interface Actor {
  readonly by: {
    readonly name: string;
    readonly kind: (typeof ACTOR_KINDS)[number];
    /** Null where Muster asks for none: at the command line, and of itself. */
    readonly role: string | null;
  };
  /** An IP address, `cli@HOST`, or the process, `HOST/PID`. */
  readonly from: string;
}

/** What is to be told of an act. Texts may be foreign: they are cut, never trusted. */
export interface AuditNote extends Actor {
  readonly act: AuditAct;
  /** A scope as it is written everywhere, or what a list or a filter held: `filter:state=failed (412 hosts, sha256 …)`. */
  readonly scope: string;
  /** What the actor was shown before; null where nothing was shown. */
  readonly dryRun: { readonly accounts: number; readonly hosts: number } | null;
  /** The plan or the approval that was pinned; null where there is none. */
  readonly basis: string | null;
  readonly result: AuditResult;
  /** What came of it, as a sentence or figures. */
  readonly detail: string;
  /** Why, as the actor said; empty where no reason was given. */
  readonly reason: string;
}

/** A note as it lies in the chain. Acts, kinds and results of a newer release are kept as they are. */
export interface AuditEntry {
  readonly v: number;
  /** Its number in the chain, from 1. */
  readonly seq: number;
  /** By Redis's clock. */
  readonly atMs: number;
  readonly by: { readonly name: string; readonly kind: string; readonly role: string | null };
  readonly from: string;
  readonly act: string;
  readonly scope: string;
  readonly dryRun: AuditNote['dryRun'];
  readonly basis: string | null;
  readonly result: string;
  readonly detail: string;
  readonly reason: string;
  /** The hash of the entry before; 64 zeros for the first of a chain. */
  readonly prev: string;
  /** SHA-256 of the entry's own text, which holds `prev`. */
  readonly hash: string;
}

/** What the first entry of a chain names as the one before it. */
export const NO_ENTRY_BEFORE = '0'.repeat(64);

const Hash = z.string().regex(/^[0-9a-f]{64}$/);

const StoredEntry: z.ZodType<Omit<AuditEntry, 'hash'>> = z.looseObject({
  v: z.number(),
  seq: z.int().positive(),
  atMs: EpochMs,
  by: z.looseObject({ name: z.string(), kind: ForeignWord, role: z.string().nullable() }),
  from: z.string(),
  act: ForeignWord,
  scope: z.string(),
  dryRun: z.looseObject({ accounts: z.number(), hosts: z.number() }).nullable(),
  basis: z.string().nullable(),
  result: ForeignWord,
  detail: z.string(),
  reason: z.string(),
  prev: Hash,
});

/** Longest texts, in characters: an entry stays under 10 KB whatever a user, a tag or AWS wrote into it. */
const MOST = { name: 128, from: 128, scope: 600, basis: 200, detail: 600, reason: 500 };

/** Where a new entry stands. */
export interface ChainPlace {
  readonly seq: number;
  readonly atMs: number;
  readonly prev: string;
}

/** The text of an entry, and its hash: what the chain is made of. */
export function sealEntry(
  note: AuditNote,
  { seq, atMs, prev }: ChainPlace,
): { readonly text: string; readonly hash: string } {
  const { by, from, act, scope, dryRun, basis, result, detail, reason } = note;
  const text = JSON.stringify({
    v: LEDGER_SCHEMA,
    seq,
    atMs,
    by: { name: cut(by.name, MOST.name), kind: by.kind, role: by.role },
    from: cut(from, MOST.from),
    act,
    scope: cut(scope, MOST.scope),
    dryRun: dryRun === null ? null : { accounts: dryRun.accounts, hosts: dryRun.hosts },
    basis: basis === null ? null : cut(basis, MOST.basis),
    result,
    detail: cut(detail, MOST.detail),
    reason: cut(reason, MOST.reason),
    prev,
  } satisfies Omit<AuditEntry, 'hash'>);
  return { text, hash: hashOfText(text) };
}

/** SHA-256 of an entry's text, in hexadecimal. */
export function hashOfText(text: string): string {
  return hash('sha256', text);
}

/** Reads an entry's text; null for what is none. Whether it holds is another question: see `verify-chain.ts`. */
export function readEntry(text: string, hashOf: string): AuditEntry | null {
  try {
    const parsed = StoredEntry.safeParse(JSON.parse(text));
    return parsed.success ? { ...parsed.data, hash: hashOf } : null;
  } catch {
    return null;
  }
}

/** The line of the export: the entry's text with its hash as the last field. */
export function lineOfEntry({ text, hash: own }: { readonly text: string; readonly hash: string }): string {
  return `${text.slice(0, -1)},"hash":"${own}"}`;
}

/** The reverse of `lineOfEntry`; null for what is no line of an export. */
export function readLine(line: string): { readonly text: string; readonly hash: string } | null {
  const found = /^(?<text>\{.*),"hash":"(?<own>[0-9a-f]{64})"\}\s*$/s.exec(line)?.groups;
  return found === undefined ? null : { text: `${found['text'] ?? ''}}`, hash: found['own'] ?? '' };
}

/** Muster itself, as an actor. @param part what of it: `brake`, `ramp`, `scheduler` @param process see `processName` */
export function musterActor(part: string, process: string): Actor {
  return { by: { name: part, kind: 'muster', role: null }, from: process };
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${beginOfText(text, most - 1)}…`;
}
