import { hostname } from 'node:os';

/** This process as findings name it: host (the container's id, in a container) and process id. */
export function processName(): string {
  return `${hostname()}/${process.pid}`;
}
