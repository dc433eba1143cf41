import { faultOfHash } from '../../runtime/password-hash.ts';
import { type Role, ROLES, roleNamed } from './role.ts';

/** A user of the console, as a line of the users file says: `NAME:ROLE:HASH`. */
export interface LocalUser {
  readonly name: string;
  readonly role: Role;
  /** argon2id, in the PHC format. */
  readonly hash: string;
}

/** What a user may be called: no colon, which ends the name, and nothing that a terminal or a log would take for more. */
const NAME = /^[A-Za-z0-9][\w.@+-]{0,63}$/;

/** Null for a name that may be a user's; else what is wrong with it, to follow the name. */
export function faultOfUserName(name: string): string | null {
  return NAME.test(name)
    ? null
    : 'is no name of a user: 1 to 64 letters, digits and . _ @ + -, the first a letter or a digit';
}

/** `line` is 1-based. `problem` never repeats what stands there: a slip may have put a password into it. */
export type UsersReading =
  | { readonly ok: true; readonly users: readonly LocalUser[] }
  | { readonly ok: false; readonly line: number; readonly problem: string };

/** Reads a users file: a user a line, empty lines and those that begin with # aside. */
export function parseUsers(text: string): UsersReading {
  const users: LocalUser[] = [];
  const names = new Set<string>();
  for (const [index, line] of linesOf(text).entries()) {
    if (isNoUser(line)) continue;
    const fault = (problem: string): UsersReading => ({ ok: false, line: index + 1, problem });
    const [name = '', roleText = '', hash = ''] = line.trim().split(':');
    const role = roleNamed(roleText);
    if (!NAME.test(name) || role === null) {
      return fault(`is not NAME:ROLE:HASH with a role of ${ROLES.join(', ')}: write it with muster user add`);
    }
    const badHash = faultOfHash(hash);
    if (badHash !== null) return fault(`has a password that ${badHash}`);
    if (names.has(name)) return fault(`names ${name} for a second time`);
    names.add(name);
    users.push({ name, role, hash });
  }
  return { ok: true, users };
}

/** The text with this user in place of the one of the same name, or at its end. Every other line stays as it is. */
export function putUser(text: string, { name, role, hash }: LocalUser): string {
  const line = `${name}:${role}:${hash}`;
  const lines = linesOf(text);
  const at = lines.findIndex((one) => isUser(one, name));
  if (at !== -1) return joined(lines.with(at, line));
  return joined([...lines, line]);
}

/** The text without this user; null where there is none. */
export function dropUser(text: string, name: string): string | null {
  const lines = linesOf(text);
  const left = lines.filter((line) => !isUser(line, name));
  return left.length === lines.length ? null : joined(left);
}

function isUser(line: string, name: string): boolean {
  return line.trim().startsWith(`${name}:`);
}

function isNoUser(line: string): boolean {
  return line.trim() === '' || line.trim().startsWith('#');
}

/** Without the empty one after the last line break. */
function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function joined(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
