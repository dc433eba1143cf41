/** What a visitor of the console or the API may do, the least first: a role holds those before it. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Whether `role` holds `needed`. */
export function holdsRole(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** The role of this name; null for what is none. */
export function roleNamed(text: string): Role | null {
  return ROLES.find((role) => role === text) ?? null;
}

/**
 * The highest role that a mapping of groups gives; null when none of the groups is in it. `*` stands for every user that the
 * provider lets in, whatever the groups.
 */
export function roleOfGroups(roles: Readonly<Record<string, Role>>, groups: readonly string[]): Role | null {
  const given = new Set(
    ['*', ...groups].flatMap((group) => (Object.hasOwn(roles, group) ? [roles[group]] : [])),
  );
  return ROLES.toReversed().find((role) => given.has(role)) ?? null;
}
