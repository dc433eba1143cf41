import type { AwsSimReport } from '@muster/aws-sim/report/report';

/** Calls that only a worker with a working Redis makes: it sends commands, and follows them. */
const WORK = ['ssm:SendCommand', 'ssm:ListCommandInvocations', 'ssm:GetCommandInvocation'] as const;
const LOOK_MS = 10;

/** Watches for how long AWS hears nothing of the workers' commands. */
export interface WorkWatch {
  /** @returns the longest pause since the watch began, in ms */
  stop(): number;
}

/** @param report the simulator's own, asked a hundred times a second: it must cost nothing */
export function watchWork(report: () => Pick<AwsSimReport, 'calls'>): WorkWatch {
  const count = (): number => {
    const { calls } = report();
    return WORK.reduce((sum, name) => sum + (calls[name]?.ok ?? 0), 0);
  };
  let known = count();
  let heardAtMs = performance.now();
  let longestMs = 0;
  const look = (): void => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - heardAtMs);
    const sum = count();
    if (sum > known) heardAtMs = now;
    known = sum;
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return Math.round(longestMs);
    },
  };
}
