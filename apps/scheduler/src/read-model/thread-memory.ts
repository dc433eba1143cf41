/** How much memory the thread of the read model may take, so that it fails before its container is killed. */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

/** What a process may take of the machine. */
export interface ProcessMemory {
  /** The limit of the container, bytes; 0 where there is none, and where it is unknown. */
  readonly constrainedBytes: number;
  readonly machineBytes: number;
  /** The limit of the main thread's heap, bytes. */
  readonly mainHeapBytes: number;
}

/**
 * Parsing records leaves much garbage: with V8's own young generation the thread takes 200 MB more for 100,000 instances, and
 * saves a tenth of its time.
 */
const YOUNG_MB = 8;
/** What is old are ids, names, tags and texts, about 0.3 GB for a million instances. */
const MOST_OLD_MB = 2_048;
/** With less the thread could not begin; a container so small is for no copy. */
const LEAST_OLD_MB = 128;
/** Code, buffers and stacks of the process: no heap has them. */
const NO_HEAP_MB = 130;
const MB = 1024 * 1024;

/**
 * Within a container the thread has what the main thread's heap and the rest of the process leave of its limit. The columns of
 * the copy lie in no heap: they have what the main thread does not use of its own.
 */
export function limitsOfThread({ constrainedBytes, machineBytes, mainHeapBytes }: ProcessMemory): {
  readonly maxYoungGenerationSizeMb: number;
  readonly maxOldGenerationSizeMb: number;
} {
  const isConstrained = constrainedBytes > 0 && constrainedBytes < machineBytes;
  const leftMb = Math.floor((constrainedBytes - mainHeapBytes) / MB) - NO_HEAP_MB;
  return {
    maxYoungGenerationSizeMb: YOUNG_MB,
    maxOldGenerationSizeMb: isConstrained
      ? Math.min(MOST_OLD_MB, Math.max(LEAST_OLD_MB, leftMb))
      : MOST_OLD_MB,
  };
}

/** Of this process. */
export function readMemory(): ProcessMemory {
  return {
    constrainedBytes: process.constrainedMemory(),
    machineBytes: totalmem(),
    mainHeapBytes: getHeapStatistics().heap_size_limit,
  };
}
