/** Reads a Terraform module, and holds it to the schema of its provider. */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@cdktn/hcl2json';

/** What hcl2json makes of a file: expressions stay `${…}`, a block is a list of objects. */
interface HclFile {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, readonly HclBlock[]>>>>;
  readonly data?: Readonly<Record<string, Readonly<Record<string, readonly HclBlock[]>>>>;
  readonly variable?: Readonly<Record<string, readonly HclBlock[]>>;
  readonly output?: Readonly<Record<string, readonly HclBlock[]>>;
  readonly module?: Readonly<Record<string, readonly HclBlock[]>>;
  readonly locals?: readonly HclBlock[];
}
export type HclBlock = Readonly<Record<string, unknown>>;

/** A module's files, parsed and as text. */
export interface TerraformModule {
  readonly files: readonly HclFile[];
  readonly text: string;
}

/** @throws {Error} a file is no HCL */
export async function readModule(folder: string): Promise<TerraformModule> {
  const names = globSync('*.tf', { cwd: folder }).toSorted();
  const texts = names.map((name) => readFileSync(join(folder, name), 'utf8'));
  const files = await Promise.all(texts.map((text, index) => parse(names[index] ?? '', text)));
  return { files: files as unknown as HclFile[], text: texts.join('\n') };
}

/** Arguments of a type: name → kind of value, `!` before a name that is required, or the arguments of a block. */
interface Arguments {
  readonly [name: string]: string | { readonly block: Arguments };
}

/** The schema as `hashicorp/aws` publishes it, of the types that this repository uses. */
export interface ProviderSchema {
  readonly provider: string;
  readonly types: Readonly<Record<string, Arguments>>;
}

/** Arguments that Terraform itself gives every resource. */
const META = new Set(['count', 'for_each', 'depends_on', 'lifecycle', 'provider']);

/** What a module holds that its provider does not know, or misses. */
export function schemaFaults({ files }: TerraformModule, schema: ProviderSchema): readonly string[] {
  return files.flatMap((file) =>
    (['resource', 'data'] as const).flatMap((kind) =>
      Object.entries(file[kind] ?? {}).flatMap(([type, named]) =>
        Object.entries(named).flatMap(([name, blocks]) => {
          const known = schema.types[`${kind} ${type}`];
          if (known === undefined) return [`${type}.${name}: unknown type`];
          return blocks.flatMap((block) => blockFaults(block, known, `${type}.${name}`));
        }),
      ),
    ),
  );
}

function blockFaults(block: HclBlock, known: Arguments, path: string): readonly string[] {
  const { dynamic, ...written } = block;
  // Blocks that are made in a loop count as written.
  const repeated = Object.entries((dynamic ?? {}) as Record<string, { content: unknown }[]>).map(
    ([name, loops]) => [name, loops.flatMap(({ content }) => content)] as const,
  );
  const all = Object.fromEntries([...Object.entries(written), ...repeated]);
  const missing = Object.keys(known)
    .filter((name) => name.startsWith('!') && !Object.hasOwn(all, name.slice(1)))
    .map((name) => `${path}.${name.slice(1)}: missing`);
  const faults = Object.entries(all)
    .filter(([name]) => !META.has(name))
    .flatMap(([name, value]) => valueFaults(value, known[name] ?? known[`!${name}`], `${path}.${name}`));
  return [...missing, ...faults];
}

function valueFaults(value: unknown, kind: Arguments[string] | undefined, path: string): readonly string[] {
  if (kind === undefined) return [`${path}: unknown argument`];
  if (typeof kind === 'object') {
    return [value].flat().flatMap((one) => blockFaults(one as HclBlock, kind.block, path));
  }
  if (typeof value === 'string' && value.startsWith('${')) return [];
  const fits = {
    // Terraform makes a text of a number or of true where a text is asked for.
    string: ['string', 'number', 'boolean'].includes(typeof value),
    number: typeof value === 'number',
    boolean: typeof value === 'boolean',
    list: Array.isArray(value),
    map: typeof value === 'object' && !Array.isArray(value),
  }[kind];
  return fits === false ? [`${path}: ${JSON.stringify(value)} is no ${kind}`] : [];
}

/** References to what is not declared: `var.x`, `local.x`, `module.x.output`, `aws_type.name`. */
export function danglingReferences(
  { files, text }: TerraformModule,
  children: Readonly<Record<string, TerraformModule>>,
): readonly string[] {
  const code = text.replaceAll(/^\s*#.*$/gm, '').replaceAll(/"(?:[^"\\$]|\\.|\$(?!\{))*"/g, '""');
  const declared = new Set(
    files.flatMap((file) => [
      ...Object.keys(file.variable ?? {}).map((name) => `var.${name}`),
      ...(file.locals ?? []).flatMap((block) => Object.keys(block).map((name) => `local.${name}`)),
      ...namesOf(file.resource),
      ...namesOf(file.data).map((name) => `data.${name}`),
      ...Object.keys(file.module ?? {}).flatMap((name) =>
        (children[name]?.files ?? []).flatMap((child) =>
          Object.keys(child.output ?? {}).map((output) => `module.${name}.${output}`),
        ),
      ),
    ]),
  );
  const used =
    code.match(/\b(var\.\w+|local\.\w+|module\.\w+\.\w+|(?<!ephemeral\.)(data\.)?\baws_\w+\.\w+)/g) ?? [];
  return [...new Set(used)].filter((name) => !declared.has(name)).toSorted();
}

function namesOf(types: HclFile['resource']): readonly string[] {
  return Object.entries(types ?? {}).flatMap(([type, named]) =>
    Object.keys(named).map((name) => `${type}.${name}`),
  );
}

/** Whether Terraform is on this machine. */
export const TERRAFORM_IS_HERE = spawnSync('sh', ['-c', 'command -v terraform']).status === 0;

/** Evaluates an expression in a module that has no provider; nothing is written. */
export function evaluate(
  folder: string,
  values: Readonly<Record<string, unknown>>,
  expression: string,
): unknown {
  const args = Object.entries(values).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `-var=${name}=${text}`;
  });
  const { status, stdout, stderr } = spawnSync('terraform', [`-chdir=${folder}`, 'console', ...args], {
    input: `jsonencode(${expression})\n`,
    encoding: 'utf8',
    env: { ...process.env, TF_CLI_CONFIG_FILE: undefined, CHECKPOINT_DISABLE: '1' },
  });
  if (status !== 0) throw new Error(`${stdout}${stderr}`);
  return JSON.parse(JSON.parse(stdout) as string) as unknown;
}
