import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { ServiceError } from '../server/service-error.ts';

/** One parameter of a document. */
export interface DocumentParameter {
  readonly type: string;
  /** Undefined: the parameter must be given. */
  readonly default: readonly string[] | undefined;
  readonly allowedPattern: RegExp | undefined;
  readonly allowedValues: readonly string[] | undefined;
}

/** One step of a document. */
export interface DocumentStep {
  /** Name under which its result is found. */
  readonly name: string;
  readonly action: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Platform the step is for; null for any. */
  readonly platform: string | null;
}

/** A command document, parsed. */
export interface SsmDocument {
  readonly name: string;
  /** `Amazon`, or the account that owns it. */
  readonly owner: string;
  readonly content: string;
  readonly format: 'JSON' | 'YAML';
  readonly schemaVersion: string;
  readonly description: string;
  readonly platformTypes: readonly string[];
  readonly parameters: ReadonlyMap<string, DocumentParameter>;
  readonly steps: readonly DocumentStep[];
  readonly createdAtMs: number;
}

const Parameter = z.object({
  type: z.string(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  allowedPattern: z.string().optional(),
  allowedValues: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
});
const StepCondition = z.object({ StringEquals: z.array(z.string()) });
const about = {
  description: z.string().optional(),
  parameters: z.record(z.string(), Parameter).optional(),
};
const Properties = z.record(z.string(), z.unknown());
/** Schema 1.2, which Amazon's own documents have: plugins by name, each with one set of inputs or several. */
const PluginContent = z.object({
  ...about,
  runtimeConfig: z
    .record(z.string(), z.object({ properties: z.union([Properties, z.array(Properties).min(1)]) }))
    .refine((plugins) => Object.keys(plugins).length > 0, 'names no plugin'),
});
/** Schema 2.x: steps in order. */
const StepContent = z.object({
  ...about,
  mainSteps: z
    .array(
      z.object({
        name: z.string(),
        action: z.string(),
        inputs: z.record(z.string(), z.unknown()).optional(),
        precondition: StepCondition.optional(),
      }),
    )
    .min(1),
});

/** What a document is made from. */
export interface DocumentSource {
  readonly name: string;
  readonly owner: string;
  readonly content: string;
  readonly format: 'JSON' | 'YAML';
  readonly createdAtMs: number;
}

/**
 * Parses a command document: of schema 1.2, or of 2.x.
 * @throws {ServiceError} InvalidDocumentContent, InvalidDocumentSchemaVersion
 */
export function parseDocument(source: DocumentSource): SsmDocument {
  const content = readContent(source);
  const { schemaVersion } = checked(z.object({ schemaVersion: z.string() }), content);
  if (!['1.2', '2.0', '2.1', '2.2'].includes(schemaVersion)) {
    throw new ServiceError(
      'InvalidDocumentSchemaVersion',
      `Schema version ${schemaVersion} is not supported.`,
    );
  }
  const read = schemaVersion === '1.2' ? readPlugins(content) : readSteps(content);
  const { description, parameters, steps } = read;
  return {
    ...source,
    schemaVersion,
    description: description ?? '',
    platformTypes: platformsOf(steps),
    parameters: new Map(
      Object.entries(parameters ?? {}).map(([name, value]) => [name, readParameter(value)]),
    ),
    steps,
  };
}

interface DocumentBody {
  readonly description?: string | undefined;
  readonly parameters?: Readonly<Record<string, z.infer<typeof Parameter>>> | undefined;
  readonly steps: readonly DocumentStep[];
}

function readSteps(content: unknown): DocumentBody {
  const { mainSteps, ...rest } = checked(StepContent, content);
  const steps = mainSteps.map((step) => ({
    name: step.name,
    action: step.action,
    inputs: step.inputs ?? {},
    platform: platformOf(step.precondition),
  }));
  return { ...rest, steps };
}

/** A plugin is a step under its own name; several sets of inputs run one after the other, as one. */
function readPlugins(content: unknown): DocumentBody {
  const { runtimeConfig, ...rest } = checked(PluginContent, content);
  const steps = Object.entries(runtimeConfig).map(([name, plugin]) => {
    const sets = [plugin.properties].flat();
    const lines = sets.flatMap((inputs) => inputs['runCommand'] ?? []);
    const inputs = { ...sets[0], ...(lines.length === 0 ? {} : { runCommand: lines }) };
    return { name, action: name, inputs, platform: null };
  });
  return { ...rest, steps };
}

/** @throws {ServiceError} InvalidDocumentContent */
function checked<T>(schema: z.ZodType<T>, content: unknown): T {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new ServiceError('InvalidDocumentContent', `The content of the document is not valid: ${faults}`);
}

function readContent(source: DocumentSource): unknown {
  try {
    return source.format === 'JSON' ? JSON.parse(source.content) : parseYaml(source.content);
  } catch {
    throw new ServiceError('InvalidDocumentContent', `${source.format} not well-formed.`);
  }
}

function readParameter(value: z.infer<typeof Parameter>): DocumentParameter {
  return {
    type: value.type,
    default: value.default === undefined ? undefined : [value.default].flat().map(String),
    allowedPattern: value.allowedPattern === undefined ? undefined : new RegExp(value.allowedPattern, 'u'),
    allowedValues: value.allowedValues?.map(String),
  };
}

function platformOf(condition: z.infer<typeof StepCondition> | undefined): string | null {
  return condition?.StringEquals.find((text) => ['Linux', 'Windows', 'MacOS'].includes(text)) ?? null;
}

const ACTION_PLATFORMS: Readonly<Record<string, readonly string[]>> = {
  'aws:runShellScript': ['Linux', 'MacOS'],
  'aws:runPowerShellScript': ['Windows', 'Linux'],
};

function platformsOf(steps: readonly DocumentStep[]): string[] {
  const platforms = new Set<string>();
  for (const step of steps) {
    const own = step.platform === null ? ACTION_PLATFORMS[step.action] : [step.platform];
    for (const platform of own ?? []) platforms.add(platform);
  }
  return platforms.size === 0 ? ['Windows', 'Linux', 'MacOS'] : [...platforms];
}

/** An Amazon document that runs lines of a shell. */
function amazonDocument(name: string, action: string, platformTypes: readonly string[]): SsmDocument {
  const optional = (value: string): DocumentParameter => ({
    type: 'String',
    default: [value],
    allowedPattern: undefined,
    allowedValues: undefined,
  });
  const commands = {
    type: 'StringList',
    default: undefined,
    allowedPattern: undefined,
    allowedValues: undefined,
  };
  const executionTimeout = {
    ...optional('3600'),
    allowedPattern: /([1-9][0-9]{0,4})|(1[0-6][0-9]{4})|(17[0-1][0-9]{3})|(172[0-7][0-9]{2})|(172800)/u,
  };
  const inputs = {
    runCommand: '{{ commands }}',
    workingDirectory: '{{ workingDirectory }}',
    timeoutSeconds: '{{ executionTimeout }}',
  };
  const described = {
    commands: {
      type: 'StringList',
      description: '(Required) Specify a script or commands to run.',
      minItems: 1,
    },
    workingDirectory: { type: 'String', default: '' },
    executionTimeout: { type: 'String', default: '3600' },
  };
  return {
    name,
    owner: 'Amazon',
    content: JSON.stringify({
      schemaVersion: '1.2',
      description: 'Run a script or specify the commands to run.',
      parameters: described,
      runtimeConfig: { [action]: { properties: [{ id: '0.aws', ...inputs }] } },
    }),
    format: 'JSON',
    schemaVersion: '1.2',
    description: 'Run a script or specify the commands to run.',
    platformTypes,
    parameters: new Map<string, DocumentParameter>([
      ['commands', commands],
      ['workingDirectory', optional('')],
      ['executionTimeout', executionTimeout],
    ]),
    steps: [{ name: action, action, inputs, platform: null }],
    createdAtMs: Date.parse('2017-08-31T00:00:00Z'),
  };
}

/** Documents that every account and region has. */
export const AMAZON_DOCUMENTS: ReadonlyMap<string, SsmDocument> = new Map(
  [
    amazonDocument('AWS-RunShellScript', 'aws:runShellScript', ['Linux', 'MacOS']),
    amazonDocument('AWS-RunPowerShellScript', 'aws:runPowerShellScript', ['Windows', 'Linux']),
  ].map((document) => [document.name, document]),
);

/** Values of all parameters, defaults filled in. */
export type ParameterValues = ReadonlyMap<string, readonly string[]>;

/**
 * Checks parameters against a document.
 * @throws {ServiceError} InvalidParameters
 */
export function bindParameters(
  document: SsmDocument,
  given: Readonly<Record<string, readonly string[]>>,
): ParameterValues {
  const faults: string[] = [];
  const values = new Map<string, readonly string[]>();
  for (const name of Object.keys(given)) {
    if (!document.parameters.has(name)) faults.push(`Parameter "${name}" is not defined in the document.`);
  }
  for (const [name, parameter] of document.parameters) {
    const value = given[name] ?? parameter.default;
    if (value === undefined) {
      faults.push(`Parameter "${name}" requires a value.`);
      continue;
    }
    if (parameter.type !== 'StringList' && value.length !== 1) {
      faults.push(`Parameter "${name}" is of type ${parameter.type} and takes exactly one value.`);
    }
    for (const text of given[name] ?? []) {
      const fits = parameter.allowedValues?.includes(text) ?? true;
      if (!fits || !matchesWhole(parameter.allowedPattern, text)) {
        faults.push(`Parameter "${name}" has a value that is not allowed.`);
      }
    }
    values.set(name, value);
  }
  if (faults.length > 0) throw new ServiceError('InvalidParameters', faults.join(' '));
  return values;
}

/** Of several alternatives the one that fits the whole text counts, not the first that fits its beginning. */
function matchesWhole(pattern: RegExp | undefined, text: string): boolean {
  return pattern === undefined || new RegExp(`^(?:${pattern.source})$`, pattern.flags).test(text);
}

/** Puts parameter values into a text: `{{ name }}`. */
export function interpolate(text: string, values: ParameterValues): string {
  return text.replaceAll(
    /\{\{\s*([\w.]+)\s*\}\}/gu,
    (whole, name: string) => values.get(name)?.join('\n') ?? whole,
  );
}

/** An input of a step as text; undefined when it is absent or something else. */
export function inputText(step: DocumentStep, name: string): string | undefined {
  const value = step.inputs[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** Longest time the agent lets a step of a document run. */
export function executionSeconds(document: SsmDocument, values: ParameterValues): number {
  let longest = 0;
  for (const step of document.steps) {
    const text = interpolate(inputText(step, 'timeoutSeconds') ?? '3600', values);
    const seconds = Number(text);
    longest = Math.max(
      longest,
      Number.isInteger(seconds) && seconds >= 5 && seconds <= 172_800 ? seconds : 3600,
    );
  }
  return longest;
}
