/** Errors of `/api/v1`: RFC 9457, `application/problem+json`. */
import { z } from 'zod';

/** One fault of a request; a request with several gets all of them at once. */
const Fault = z.object({
  /** The query parameter, path parameter or header that is at fault; absent for a fault in the body. */
  parameter: z.string().optional(),
  /** JSON pointer into the body; absent for the others. */
  pointer: z.string().optional(),
  detail: z.string(),
});

export const Problem = z.object({
  /** What kind of problem: `about:blank`, or `/problems/NAME` where a client may want to tell it apart. */
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  /** What is wrong here, and what to do. */
  detail: z.string(),
  errors: z.array(Fault).optional(),
});
export type Problem = z.infer<typeof Problem>;
