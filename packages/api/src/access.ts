/** Who may come in, for admins: users of the users file, and API tokens. */
import { z } from 'zod';
import { Freshness, Time } from './paging.ts';
import { ScopeText } from './scopes.ts';
import { Role } from './session.ts';

export const UserRow = z.object({ name: z.string(), role: Role });
export type UserRow = z.infer<typeof UserRow>;

/** An API token; its secret is nowhere to be had again. */
export const TokenRow = z.object({
  /** The first ten digits of the secret's hash. */
  id: z.string(),
  name: z.string(),
  role: Role,
  scope: ScopeText.describe('What it may act on; it reads everything.'),
  by: z.string().describe('Who made it.'),
  createdAt: Time,
  expiresAt: Time,
  usedAt: Time.nullable().describe('A minute exact; null: never used.'),
});
export type TokenRow = z.infer<typeof TokenRow>;

/** `GET /api/v1/access`. */
export const Access = z.object({
  ...Freshness.shape,
  users: z
    .array(UserRow)
    .describe(
      'Of `muster.console.users_file`. Those of single sign-on and of a proxy are known there alone.',
    ),
  tokens: z.array(TokenRow).describe('Those in force, the oldest first.'),
});
export type Access = z.infer<typeof Access>;
