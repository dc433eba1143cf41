import { readFileSync } from 'node:fs';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { FaultRule } from '../faults/rules.ts';
import { PolicyDocument } from '../iam/policy.ts';
import { LimitOverrides } from '../limits/defaults.ts';
import { WorldChange } from './change.ts';
import { crossCheck } from './cross-check.ts';
import { MAX_REGIONS, PARTITIONS } from './regions.ts';
import { SCENARIO_NAMES } from './scenarios.ts';
import { WrittenAccount } from './written.ts';

const range = z
  .tuple([z.number().min(0), z.number().min(0)])
  .refine(([low, high]) => low <= high, 'the lower bound comes first');

/** A world as a file. Times are simulated milliseconds. */
export const WorldFile = z.strictObject({
  /** For editors; ignored. */
  $schema: z.string().optional(),
  name: z.string(),
  /** What happens in it and what a reader should see. */
  story: z.string().optional(),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .optional(),
  organizationId: z
    .string()
    .regex(/^o-[a-z0-9]{10,32}$/u)
    .optional(),
  /** All regions and ARNs are of this one. @default aws */
  partition: z.enum(PARTITIONS).optional(),
  /** Accounts made up beside the written ones. */
  generate: z
    .strictObject({
      accounts: z.int().min(0).max(50_000),
      regions: z.int().min(1).max(MAX_REGIONS),
      instances: z.int().min(0).max(5_000_000),
      scenario: z.enum(SCENARIO_NAMES).optional(),
    })
    .optional(),
  /** The first account (generated ones come first) is the management account. */
  accounts: z.array(WrittenAccount).optional(),
  /** Regions that are on although nothing runs in them. */
  regions: z.array(z.string()).optional(),
  /** Tags that instances carry unless they say otherwise, and that count as matched. */
  matchTags: z.record(z.string(), z.string()).optional(),
  access: z
    .strictObject({
      accessKeyId: z.string().min(16).max(128).optional(),
      secretAccessKey: z.string().min(8).optional(),
      principalAccountId: z.string().optional(),
      delegatedAdministrators: z.array(z.string()).optional(),
      /** With a path (`teleport/discovery`) the whole counts; without one any path will do. */
      roleName: z.string().nullable().optional(),
      externalId: z.string().nullable().optional(),
      deniedDiscoveryActions: z.array(z.string()).optional(),
      deniedMemberActions: z.array(z.string()).optional(),
      /** Names of the documents member roles may send. @default null: all */
      sendableDocuments: z.array(z.string()).nullable().optional(),
      /** Instances with one of these tags may not be sent commands: the call is denied, by target the invocation. */
      shieldTags: z.record(z.string(), z.string()).optional(),
      /** Name of the role that the discovery principal is a session of. @default a user */
      discoveryRole: z.string().nullable().optional(),
      /** IAM policies that decide what the roles may do. */
      policies: z
        .strictObject({ discovery: PolicyDocument, member: PolicyDocument, memberTrust: PolicyDocument })
        .nullable()
        .optional(),
    })
    .optional(),
  latency: z
    .strictObject({
      apiMs: range.optional(),
      visibilityMs: range.optional(),
      pickupMs: range.optional(),
      installMs: range.optional(),
      transitionMs: range.optional(),
    })
    .optional(),
  limits: LimitOverrides.optional(),
  faults: z.array(FaultRule).optional(),
  /** Documents deployed in every account and region: name and content (YAML or JSON). */
  documents: z.record(z.string(), z.string()).optional(),
  /** Whether accounts still show `Status` beside `State`. @default true */
  showStatus: z.boolean().optional(),
  joinToken: z.string().optional(),
  /** What changes while it lives. */
  timeline: z
    .array(z.strictObject({ afterMs: z.int().min(0), changes: z.array(WorldChange).min(1) }))
    .optional(),
});
export type WorldFile = z.infer<typeof WorldFile>;

/** A world file that cannot be used, with everything that is wrong with it. */
export class WorldFileError extends Error {
  readonly faults: readonly string[];

  constructor(file: string, faults: readonly string[]) {
    super(`${file} is not a usable world:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'WorldFileError';
    this.faults = faults;
  }
}

/** Reads a world from a JSON or YAML file. @throws {WorldFileError} also when it cannot be read at all */
export function readWorldFile(path: string): WorldFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new WorldFileError(path, [error instanceof Error ? error.message : String(error)]);
  }
  return parseWorld(text, path);
}

/** Reads a world from text; `source` is for messages. @throws {WorldFileError} all faults at once */
export function parseWorld(text: string, source: string): WorldFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    throw new WorldFileError(
      source,
      document.errors.map((error) => error.message.split('\n', 1)[0] ?? ''),
    );
  }
  const raw = toPlain(document, source);
  const parsed = WorldFile.safeParse(raw);
  const faults = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => ({ path: path.map(placeOf), message })),
    ...crossCheck(raw),
  ];
  if (parsed.success && faults.length === 0) return parsed.data;
  throw new WorldFileError(
    source,
    faults.map(({ path, message }) => {
      const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
      const at = node?.range === undefined ? '' : ` (line ${lines.linePos(node.range[0]).line})`;
      return `${path.join('.') || '(top)'}: ${message}${at}`;
    }),
  );
}

/** Aliases of aliases are refused by the library. */
function toPlain(document: Document, source: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new WorldFileError(source, [error instanceof Error ? error.message : String(error)]);
  }
}

function placeOf(part: PropertyKey): string | number {
  return typeof part === 'symbol' ? String(part) : part;
}
