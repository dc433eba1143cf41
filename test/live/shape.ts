/** What answers look like: which fields they have, how often, and of what kind. Values are not kept. */

/** One field, over all objects that could have it. */
interface Field {
  /** `string`, `number`, `boolean`, `date`, `null`, `object`, `list` */
  readonly kinds: Set<string>;
  /** In how many objects it is, of how many. */
  present: number;
  objects: number;
}

/** Fields by path: `Reservations[].Instances[].InstanceId`. */
export type Shape = Map<string, Field>;

/** Adds an answer to a shape. The keys of a map are data, so they all count as the one path `PATH{}`. */
export function addToShape(shape: Shape, answer: unknown, isMap: (path: string) => boolean): void {
  visit(answer, '');

  function visit(value: unknown, path: string): void {
    if (Array.isArray(value)) {
      for (const element of value) {
        note(`${path}[]`, element);
        visit(element, `${path}[]`);
      }
      return;
    }
    if (kindOf(value) !== 'object') return;
    const entries = Object.entries(value as object).filter(([, part]) => part !== undefined);
    if (isMap(path)) {
      for (const [, part] of entries) {
        note(`${path}{}`, part);
        visit(part, `${path}{}`);
      }
      return;
    }
    countObject(path);
    for (const [key, part] of entries) {
      const at = path === '' ? key : `${path}.${key}`;
      note(at, part);
      visit(part, at);
    }
  }

  function note(path: string, value: unknown): void {
    const field = fieldAt(path);
    field.kinds.add(kindOf(value));
    field.present += 1;
  }

  function countObject(path: string): void {
    fieldAt(path).objects += 1;
  }

  function fieldAt(path: string): Field {
    const known = shape.get(path);
    if (known !== undefined) return known;
    const fresh: Field = { kinds: new Set(), present: 0, objects: 0 };
    shape.set(path, fresh);
    return fresh;
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof Date) return 'date';
  if (Array.isArray(value)) return 'list';
  return typeof value;
}

/**
 * How a real answer differs from the simulator's: one sentence per field, and none for what stands inside a field that is
 * itself missing. What a side never had the occasion to show, such as the fields of an empty list, is no difference.
 */
export function compareShapes(real: Shape, simulated: Shape): readonly string[] {
  const differences: string[] = [];
  const missing: string[] = [];
  for (const path of [...new Set([...real.keys(), ...simulated.keys()])].filter(Boolean).toSorted(byDepth)) {
    if (
      missing.some(
        (above) =>
          path.startsWith(`${above}.`) || path.startsWith(`${above}[`) || path.startsWith(`${above}{`),
      )
    ) {
      continue;
    }
    const sentence = compareField(path, real, simulated);
    if (sentence === null) continue;
    differences.push(sentence);
    missing.push(path);
  }
  return differences;
}

function compareField(path: string, real: Shape, simulated: Shape): string | null {
  const [mine, theirs] = [real.get(path), simulated.get(path)];
  if (/[\]}]$/.test(path)) return compareKinds(path, mine, theirs);
  const realObjects = real.get(parentOf(path))?.objects ?? 0;
  const simulatedObjects = simulated.get(parentOf(path))?.objects ?? 0;
  if (realObjects === 0 || simulatedObjects === 0) return null;
  const [has, shows] = [mine?.present ?? 0, theirs?.present ?? 0];
  if (has > 0 && shows === 0) {
    return `${path} (${kindsOf(mine)}) is in ${has} of ${realObjects} real objects, and never in the simulator's`;
  }
  // A field that the simulator has now and then may be missing from a small sample.
  if (shows === simulatedObjects && has < realObjects) {
    const absent =
      has === 0 ? 'never in a real one' : `missing from ${realObjects - has} of ${realObjects} real ones`;
    return `${path} (${kindsOf(theirs)}) is in every object of the simulator, and ${absent}`;
  }
  return compareKinds(path, mine, theirs);
}

function compareKinds(path: string, mine: Field | undefined, theirs: Field | undefined): string | null {
  if (mine === undefined || theirs === undefined || mine.present === 0 || theirs.present === 0) return null;
  if ([...mine.kinds].every((kind) => theirs.kinds.has(kind))) return null;
  return `${path} is ${kindsOf(mine)} in a real answer, ${kindsOf(theirs)} in the simulator's`;
}

function kindsOf(field: Field | undefined): string {
  return [...(field?.kinds ?? [])].toSorted().join(' or ');
}

/** The path of the object that a field belongs to; empty for the answer itself. */
function parentOf(path: string): string {
  const at = path.lastIndexOf('.');
  return at < 0 ? '' : path.slice(0, at);
}

function byDepth(a: string, b: string): number {
  return a.split('.').length - b.split('.').length || (a < b ? -1 : 1);
}
