import type { ConfigFault, ConfigNote } from '../model.ts';
import { readShape } from './read-shape.ts';
import type { SourceDocument } from './yaml-source.ts';
import type { z } from 'zod';

/** Collects what is wrong, and what is worth knowing, in one part of one document. Paths are from the part's top. */
export interface Report {
  fault(path: ConfigPath, message: string): void;
  note(path: ConfigPath, message: string): void;
  /** The same for a deeper part. */
  within(path: ConfigPath): Report;
  /** Whether something at the path, around it or inside it was already faulted, so that "missing" would be a second message about the same mistake. */
  isFaulted(path: ConfigPath): boolean;
  /** Reads a part by its schema, reports what is wrong with it, and returns the rest. */
  read<T>(schema: z.ZodType<T>, value: unknown): T;
}

/** Everything said about a configuration, in the order in which it was found. */
export interface Findings {
  readonly faults: ConfigFault[];
  readonly notes: ConfigNote[];
}

/** @param title put before every path, such as `discovery_config/prod`; null for the main document */
export function reportOn(
  findings: Findings,
  file: string,
  document: SourceDocument,
  title: string | null,
): Report {
  const faulted: ConfigPath[] = [];
  const entry = (path: ConfigPath, message: string, aboutKey: boolean): ConfigFault => ({
    file,
    ...(aboutKey ? document.placeOfKey(path) : document.placeOf(path)),
    path: [title, formatPath(path)].filter((part) => part !== null && part !== '').join(' '),
    message,
  });
  const fault = (path: ConfigPath, message: string, aboutKey: boolean) => {
    faulted.push(path);
    findings.faults.push(entry(path, message, aboutKey));
  };
  const at = (top: ConfigPath): Report => ({
    fault: (path, message) => fault([...top, ...path], message, false),
    note: (path, message) => {
      findings.notes.push(entry([...top, ...path], message, false));
    },
    within: (path) => at([...top, ...path]),
    isFaulted: (path) => faulted.some((other) => overlap(other, [...top, ...path])),
    read: (schema, value) => {
      const reading = readShape(schema, value);
      for (const found of reading.faults) {
        fault([...top, ...found.path], found.message, found.aboutKey);
        if (found.meant !== null) faulted.push([...top, ...found.path.slice(0, -1), found.meant]);
      }
      return reading.value;
    },
  });
  return at([]);
}

/** Whether one of the paths leads to, or through, the other. */
function overlap(a: ConfigPath, b: ConfigPath): boolean {
  const shorter = a.length < b.length ? a : b;
  const longer = a.length < b.length ? b : a;
  return shorter.every((step, at) => step === longer[at]);
}

/** Where a value stands in a document: keys of maps and indexes of lists, from the top. */
export type ConfigPath = readonly (string | number)[];

/** As people write it: `discovery_service.aws[0].tags."my key"`. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${/^[\w*:/-]+$/.test(step) ? step : JSON.stringify(step)}`;
  }
  return text;
}

/** One line per fault or note: `muster.yaml:12:7 discovery_service.aws[0].regions: …`. Without a place, only the file. */
export function formatFault(fault: ConfigFault): string {
  const place = fault.line > 0 ? `:${fault.line}:${fault.column}` : '';
  return `${fault.file}${place}${fault.path === '' ? '' : ` ${fault.path}`}: ${fault.message}`;
}

/** All of them, one a line, for the terminal. */
export function formatFaults(faults: readonly ConfigFault[]): string {
  return faults.map(formatFault).join('\n');
}
