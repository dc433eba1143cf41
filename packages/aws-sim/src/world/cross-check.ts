import { KNOWN_APIS } from '../server/operations.ts';

/** Something wrong with a world file, and where. */
export interface WorldFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

type Rows = readonly { readonly path: readonly (string | number)[]; readonly row: Record<string, unknown> }[];

/**
 * Finds what only shows when the parts of a world are seen together: ids that are used twice or not there, operations that
 * do not exist. Takes the file as it was read, sound or not, so that all its faults are reported at once.
 */
export function crossCheck(raw: unknown): WorldFault[] {
  const world = recordOf(raw);
  const accounts = rowsOf(world['accounts'], ['accounts']);
  const generated = recordOf(world['generate']);
  const faults: WorldFault[] = [];
  if (Number(generated['accounts'] ?? 0) === 0 && accounts.length === 0) {
    faults.push({ path: ['accounts'], message: 'a world needs at least one' });
  }
  const known = claimIds(accounts, faults);
  checkOperations(world, faults);
  checkWindows(world, faults);
  // Generated accounts and instances have ids that are not known here.
  if (generated['accounts'] === undefined) {
    checkAccess(recordOf(world['access']), known, faults);
    checkTimeline(world, known, faults);
  }
  return faults;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function rowsOf(value: unknown, path: readonly (string | number)[]): Rows {
  return Array.isArray(value)
    ? value.map((row: unknown, i) => ({ path: [...path, i], row: recordOf(row) }))
    : [];
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** Ids of accounts and instances, none of them twice. */
function claimIds(accounts: Rows, faults: WorldFault[]): Map<string, string> {
  const known = new Map<string, string>();
  const claim = (id: unknown, path: readonly (string | number)[]): void => {
    if (typeof id !== 'string') return;
    const earlier = known.get(id);
    if (earlier !== undefined) faults.push({ path, message: `${id} is used by ${earlier} already` });
    known.set(id, path.join('.'));
  };
  for (const { path, row } of accounts) {
    claim(row['id'], [...path, 'id']);
    for (const instance of rowsOf(row['instances'], [...path, 'instances'])) {
      claim(instance.row['id'], [...instance.path, 'id']);
      if (instance.row['id'] !== undefined && instance.row['count'] !== undefined) {
        faults.push({ path: [...instance.path, 'count'], message: 'not together with id' });
      }
    }
  }
  return known;
}

function checkOperations(world: Record<string, unknown>, faults: WorldFault[]): void {
  const check = (pattern: string, path: readonly (string | number)[]): void => {
    const [api = ''] = pattern.split('/', 1);
    const [service = '', operation] = api.split(':', 2);
    if (operation === undefined || KNOWN_APIS.includes(api)) return;
    const siblings = KNOWN_APIS.filter((one) => one.startsWith(`${service}:`));
    if (operation === '*' && siblings.length > 0) return;
    const what = siblings.length === 0 ? `there is no service ${service}` : `${api} is not simulated`;
    const choice = siblings.length === 0 ? 'sts, organizations, account, ec2, ssm' : siblings.join(', ');
    faults.push({ path, message: `${what}; there are ${choice}` });
  };
  for (const { path, row } of rowsOf(world['faults'], ['faults'])) {
    for (const [i, api] of textsOf(row['apis']).entries()) check(api, [...path, 'apis', i]);
  }
  for (const api of Object.keys(recordOf(world['limits']))) check(api, ['limits', api]);
}

function checkWindows(world: Record<string, unknown>, faults: WorldFault[]): void {
  for (const { path, row } of rowsOf(world['faults'], ['faults'])) {
    if (Number(row['untilMs'] ?? Number.POSITIVE_INFINITY) > Number(row['fromMs'] ?? 0)) continue;
    faults.push({ path: [...path, 'untilMs'], message: 'must be later than fromMs' });
  }
}

function checkAccess(
  access: Record<string, unknown>,
  known: ReadonlyMap<string, string>,
  faults: WorldFault[],
): void {
  const principal = access['principalAccountId'];
  if (typeof principal === 'string' && !known.has(principal)) {
    faults.push({ path: ['access', 'principalAccountId'], message: `there is no account ${principal}` });
  }
  for (const [i, id] of textsOf(access['delegatedAdministrators']).entries()) {
    if (known.has(id)) continue;
    faults.push({ path: ['access', 'delegatedAdministrators', i], message: `there is no account ${id}` });
  }
}

/** Changes are about accounts and instances of the file, or about some that an earlier change added. */
function checkTimeline(
  world: Record<string, unknown>,
  written: ReadonlyMap<string, string>,
  faults: WorldFault[],
): void {
  const steps = rowsOf(world['timeline'], ['timeline']).toSorted(
    (a, b) => Number(a.row['afterMs']) - Number(b.row['afterMs']),
  );
  const known = new Set(written.keys());
  for (const step of steps) {
    for (const { path, row } of rowsOf(step.row['changes'], [...step.path, 'changes'])) {
      for (const what of ['account', 'instance']) {
        const id = row[`${what}Id`];
        if (typeof id !== 'string' || known.has(id)) continue;
        faults.push({ path: [...path, `${what}Id`], message: `there is no ${what} ${id} by then` });
      }
      const added = recordOf(row['account']);
      const launched = [row['instance'], ...(Array.isArray(added['instances']) ? added['instances'] : [])];
      for (const one of [added, ...launched.map(recordOf)]) {
        if (typeof one['id'] === 'string') known.add(one['id']);
      }
    }
  }
}
