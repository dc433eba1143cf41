import { causeFacts, type CauseOwner } from '@muster/core/enrollment/cause';

/** A cause as a page or a list shows it. */
export interface CauseText {
  readonly cause: string;
  readonly title: string;
  /** Who must act, as a phrase. */
  readonly owner: string;
  readonly remedy: string;
}

const OWNERS: Readonly<Record<CauseOwner, string>> = {
  operator: 'You, who run Muster',
  'host-owner': 'The owner of the host',
  'aws-admin': 'The AWS administrator',
  'teleport-admin': 'The Teleport administrator',
  muster: 'No person: Muster tries again',
};

/** `The AWS administrator`, as pages and lists name whom they mean. */
export function ownerPhrase(owner: CauseOwner): string {
  return OWNERS[owner];
}

/** Explains a cause. */
export function explainCause(cause: string): CauseText {
  const { title, owner, remedy } = causeFacts(cause);
  return { cause, title, owner: OWNERS[owner], remedy };
}
