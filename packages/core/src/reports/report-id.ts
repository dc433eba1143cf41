import { z } from 'zod';

/** One question of an operator that workers answer together (`muster doctor`, `muster plan`): a ULID. */
export const ReportId = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/)
  .brand('ReportId');
export type ReportId = z.infer<typeof ReportId>;
