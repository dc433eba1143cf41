import type { Command, Redis } from 'ioredis';

/** Long enough that a loop of failing commands costs nothing, short beside any outage. */
const REFUSED_AFTER_MS = 1_000;

/** A Redis that is full, a replica, not yet ready, or in a Cluster in motion: the same command may pass in a while. */
const REFUSAL = /^(OOM|READONLY|MASTERDOWN|LOADING|MISCONF|NOREPLICAS|MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /;

/** Whether Redis refused a command for what it is just now: no fault of the command, nor of its caller. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && REFUSAL.test(error.message);
}

/**
 * Lets the commands of a connection that are refused for what Redis is just now fail a second later. BullMQ asks again at
 * once after such an error, as fast as Redis can refuse: on a full Redis a scheduler wrote a megabyte of log per second,
 * and kept Redis busy with it.
 */
export function slowRefusals(redis: Redis): void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command: Command, ...rest) => {
    const { reject } = command;
    command.reject = (error: Error): void => {
      if (!isRefusal(error)) {
        reject(error);
        return;
      }
      // No process waits for it: in one that ends, no caller is left.
      setTimeout(reject, REFUSED_AFTER_MS, error).unref();
    };
    return send(command, ...rest);
  };
}
