import type { ApiToken } from '@muster/core/control/access/token-store';
import type { List } from './list.ts';
import { timeText } from './relative-time.ts';

/** A line of `muster api-token list`. */
export interface TokenLine {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly scope: string;
  readonly expiresAt: string;
  /** Null: never. */
  readonly usedAt: string | null;
  readonly createdAt: string;
  readonly by: string;
}

export const TOKEN_LIST: List<TokenLine> = {
  noun: 'API tokens',
  fields: ['id', 'name', 'role', 'scope', 'expiresAt', 'usedAt', 'createdAt', 'by'],
  columns: [
    { field: 'id', title: 'id' },
    { field: 'name', title: 'name' },
    { field: 'role', title: 'role' },
    { field: 'scope', title: 'acts on' },
    { field: 'expiresAt', title: 'expires', text: (line, view) => timeText(line.expiresAt, view) },
    { field: 'usedAt', title: 'used', text: (line, view) => timeText(line.usedAt, view) || 'never' },
    { field: 'by', title: 'made by' },
  ],
};

export function lineOfToken({ createdAtMs, expiresAtMs, usedAtMs, ...token }: ApiToken): TokenLine {
  const { id, name, role, scope, by } = token;
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    id,
    name,
    role,
    scope,
    expiresAt: iso(expiresAtMs),
    usedAt: usedAtMs === null ? null : iso(usedAtMs),
    createdAt: iso(createdAtMs),
    by,
  };
}
