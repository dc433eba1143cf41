import type { ConfigFault } from './model.ts';

/** One line per fault or note: `muster.yaml:12:7 discovery_service.aws[0].regions: …`. Without a place, only the file. */
export function formatFault(fault: ConfigFault): string {
  const place = fault.line > 0 ? `:${fault.line}:${fault.column}` : '';
  return `${fault.file}${place}${fault.path === '' ? '' : ` ${fault.path}`}: ${fault.message}`;
}

/** All of them, one a line, for the terminal. */
export function formatFaults(faults: readonly ConfigFault[]): string {
  return faults.map(formatFault).join('\n');
}
