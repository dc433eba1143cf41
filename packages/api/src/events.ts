/** `GET /api/v1/events`: what has changed, as server-sent events. The browser asks again for what it shows. */
import { z } from 'zod';

/** `id` is the place in the change stream; `event` is always `changed`. */
export const ChangedEvent = z.object({
  /** Resources whose answers may be other now. */
  resources: z.array(
    z.enum([
      'overview',
      'accounts',
      'targets',
      'instances',
      'findings',
      'rollout',
      'sweeps',
      'actions',
      'audit',
      'configuration',
      'processes',
    ]),
  ),
  /** Instances that changed, at most 100; null when there were more. */
  instances: z.array(z.string()).nullable(),
});
export type ChangedEvent = z.infer<typeof ChangedEvent>;
