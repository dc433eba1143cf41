import { z } from 'zod';
import type { TeleportNode } from '../inventory/teleport-port.ts';
import { AccountId, type InstanceId } from '../organization/ids.ts';

/** One answer of a report: what it is about, and what was found; the reader knows its shape by the part's first word. */
export interface ReportPart {
  /** `organization`, `teleport`, `account:ID` or `target:ID`. */
  readonly part: string;
  readonly result: unknown;
}

/**
 * Answers that several workers gather for one question of an operator (`muster doctor`, `muster plan`). Everything about
 * a report vanishes when it is closed, and by itself an hour after the last write. Nothing here is a decision's ground.
 */
export interface ReportLedger {
  /** Makes a report known; `parts` are what must be answered first. */
  open(reportId: string, parts: readonly string[]): Promise<void>;
  isOpen(reportId: string): Promise<boolean>;
  /** Notes for those who answer further parts. */
  put(reportId: string, notes: ReadonlyMap<string, unknown>): Promise<void>;
  /** Null when there is none. */
  get(reportId: string, name: string): Promise<unknown>;
  /** Further parts that must be answered. */
  expect(reportId: string, parts: readonly string[]): Promise<void>;
  /** A worker begins a part: how often that has happened, this time included; null when the report is closed. */
  begin(reportId: string, part: string): Promise<number | null>;
  finish(reportId: string, part: string, result: unknown): Promise<void>;
  /** Answers in the order they came, from the `from`-th (0 the first). The same part may come twice; the last word counts. */
  results(reportId: string, from: number): Promise<readonly ReportPart[]>;
  /** How many parts were asked for, how many were begun, and how many are not answered. */
  progress(
    reportId: string,
  ): Promise<{ readonly expected: number; readonly begun: number; readonly pending: number }>;
  /** The parts that are not answered. */
  pending(reportId: string): Promise<readonly string[]>;
  /** Nodes of the inventory that this report judges by. */
  addNodes(reportId: string, nodes: readonly TeleportNode[]): Promise<void>;
  findNodes(
    reportId: string,
    accountId: AccountId,
    ids: readonly InstanceId[],
  ): Promise<ReadonlyMap<InstanceId, string>>;
  close(reportId: string): Promise<void>;
}

/** One question of an operator that workers answer together (`muster doctor`, `muster plan`): a ULID. */
export const ReportId = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/)
  .brand('ReportId');
export type ReportId = z.infer<typeof ReportId>;

/** An account as one part of a report notes it for another: the fields of `Account`. */
export const ReportAccount = z.object({
  accountId: AccountId,
  name: z.string(),
  state: z.enum(['ACTIVE', 'PENDING_ACTIVATION', 'SUSPENDED', 'PENDING_CLOSURE', 'CLOSED']),
  organizationId: z.string().optional(),
  ancestorIds: z.array(z.string()),
  tags: z.record(z.string(), z.string()).optional(),
  tagsReadAtMs: z.number().min(0).max(8.64e15).optional(),
  listedAtMs: z.number().min(0).max(8.64e15).optional(),
  seal: z.string().optional(),
});
