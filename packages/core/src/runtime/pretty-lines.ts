import { prettyFactory } from 'pino-pretty';
import { terminalLine, terminalText } from './terminal-text.ts';

/**
 * Makes log lines of JSON into lines for a person (`LOG_FORMAT=pretty`): time in UTC, level, process, message, fields; an error's stack
 * below. What owners of accounts and hosts wrote cannot command the terminal here either: it is escaped before it is colored.
 *
 * @param colors whether the terminal is to be told colors
 * @returns a function from a line to one or several, line ends included
 */
export function createPrettyLines(colors: boolean): (line: string) => string {
  const pretty = prettyFactory({
    colorize: colors,
    singleLine: true,
    translateTime: 'UTC:HH:MM:ss.l',
    ignore: 'pid,hostname',
  });
  return (line) => pretty(escapeValues(JSON.parse(line)));
}

/** Names of fields too: those of an error's details may come from outside. Only a stack keeps its line ends. */
function escapeValues(value: unknown, name = ''): unknown {
  if (typeof value === 'string') return name === 'stack' ? terminalText(value) : terminalLine(value);
  if (Array.isArray(value)) return value.map((one) => escapeValues(one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [terminalLine(key), escapeValues(one, key)]),
  );
}
