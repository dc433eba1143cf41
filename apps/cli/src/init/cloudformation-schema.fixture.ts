import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec';

type SpecDatabase = Awaited<ReturnType<typeof loadAwsServiceSpec>>;

/** The types of AWS's service specification that we meet. */
type SpecType =
  | { readonly type: 'string'; readonly allowedValues?: readonly string[] }
  | { readonly type: 'integer' | 'number' | 'boolean' | 'json' | 'date-time' | 'null' }
  | { readonly type: 'array'; readonly element: SpecType }
  | { readonly type: 'map'; readonly element: SpecType }
  | { readonly type: 'tag' }
  | { readonly type: 'ref'; readonly reference: { readonly $ref: string } }
  | { readonly type: 'union'; readonly types: readonly SpecType[] };

interface Properties {
  readonly [name: string]: { readonly type: SpecType; readonly required?: boolean };
}

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: unknown }>>;
}

/** Parsed once: it holds every resource that there is. */
const loading = loadAwsServiceSpec();

const TOP_LEVEL = new Set(['AWSTemplateFormatVersion', 'Description', 'Parameters', 'Resources', 'Outputs']);

/** What a template holds that AWS's own resource specification does not know, or misses. */
export async function templateFaults(template: unknown): Promise<readonly string[]> {
  const database = await loading;
  const faults = Object.keys(template as object)
    .filter((key) => !TOP_LEVEL.has(key))
    .map((key) => `${key}: unknown section`);
  for (const [id, resource] of Object.entries((template as Template).Resources)) {
    const [spec] = database.lookup('resource', 'cloudFormationType', 'equals', resource.Type);
    if (spec === undefined) {
      faults.push(`${id}: unknown type ${resource.Type}`);
      continue;
    }
    faults.push(...propertyFaults(database, spec.properties, resource.Properties ?? {}, id));
  }
  return faults;
}

function propertyFaults(
  database: SpecDatabase,
  properties: Properties,
  value: unknown,
  path: string,
): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: must be a map`];
  const faults = Object.entries(properties)
    .filter(([name, { required }]) => required === true && !Object.hasOwn(value, name))
    .map(([name]) => `${path}.${name}: missing`);
  for (const [name, part] of Object.entries(value)) {
    const property = properties[name];
    faults.push(
      ...(property === undefined
        ? [`${path}.${name}: unknown property`]
        : valueFaults(database, property.type, part, `${path}.${name}`)),
    );
  }
  return faults;
}

function valueFaults(
  database: SpecDatabase,
  type: SpecType,
  value: unknown,
  path: string,
): readonly string[] {
  if (isFunction(value)) return [];
  switch (type.type) {
    case 'string':
      return typeof value === 'string' && (type.allowedValues?.includes(value) ?? true)
        ? []
        : [`${path}: ${JSON.stringify(value)}`];
    case 'integer':
    case 'number':
    case 'boolean':
      return typeof value === (type.type === 'integer' ? 'number' : type.type)
        ? []
        : [`${path}: must be a ${type.type}`];
    case 'json':
      return typeof value === 'object' && value !== null ? [] : [`${path}: must be a map`];
    case 'array':
      return Array.isArray(value)
        ? value.flatMap((item, index) => valueFaults(database, type.element, item, `${path}[${index}]`))
        : [`${path}: must be a list`];
    case 'ref': {
      const definition = database.get('typeDefinition', type.reference.$ref);
      return propertyFaults(database, definition.properties, value, path);
    }
    case 'union': {
      const tries = type.types.map((one) => valueFaults(database, one, value, path));
      return tries.some((faults) => faults.length === 0) ? [] : (tries[0] ?? []);
    }
    case 'map':
    case 'tag':
    case 'null':
    case 'date-time':
      return [`${path}: of a type that this check does not know (${type.type})`];
    default:
      return type satisfies never;
  }
}

/** `Ref` and `Fn::…` stand for any value. */
function isFunction(value: unknown): boolean {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  return keys.length === 1 && /^(Ref|Fn::\w+)$/.test(keys[0] ?? '');
}
