import { formatDuration } from '@muster/core/config/duration';
import { MusterShape } from '@muster/core/config/muster-schema';
import { type CauseHandling, type CauseOwner, Cause, causeFacts } from '@muster/core/domain/cause';

const OWNERS: Readonly<Record<CauseOwner, string>> = {
  operator: 'operator of Muster',
  'host-owner': 'owner of the host',
  'aws-admin': 'AWS administrator',
  'teleport-admin': 'Teleport administrator',
  muster: 'nobody: it goes by itself',
};

const HANDLINGS: Readonly<Record<CauseHandling, string>> = {
  'retry-slow': 'tried again, late',
  'retry-soon': 'tried again, soon',
  recheck: 'looked at again by every scan',
};

/** docs/causes.md, told from the closed table of causes. */
export function causesPage(): string {
  const { backoff } = MusterShape.parse({});
  const rows = Cause.options.map((cause) => {
    const { title, owner, handling, remedy } = causeFacts(cause);
    const cells = [`\`${cause}\``, title, OWNERS[owner], HANDLINGS[handling], remedy];
    return `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return `<!-- Generated from packages/core/src/domain/cause.ts by scripts/generate-docs.ts. Do not edit. -->
# Causes

Why an instance, an account or a target is not done. The list is closed: whatever Muster shows, filters by or counts is
one of these. Where Teleport has an identifier for the same trouble, it is Teleport's.

- *tried again, late*: somebody has to fix something first. The first attempt comes after \`muster.backoff.operator_first\`
  (\`${formatDuration(backoff.operator_first)}\` by default), each further one after twice the time, up to \`muster.backoff.cap\`
  (\`${formatDuration(backoff.cap)}\`).
- *tried again, soon*: it may well work the next time. As above, from \`muster.backoff.transient_first\` (\`${formatDuration(backoff.transient_first)}\`) on.
- *looked at again by every scan*: no command is sent while it holds, and none is lost when it goes.

Waits are never shortened by chance: jitter only lengthens them, by up to a tenth. What ends a wait early, because it may
be the fix, at once after a first failure and one doubling early after more: the agent is back online after it was
seen lost, the SSM agent has another version, the instance was stopped and started, its matcher in the configuration
changed (another token, script, document or tag), or another matcher owns it now. An operator's \`muster retry\` starts over
at once. A node that appears in the inventory ends everything: the instance is joined.

\`muster instances --cause CAUSE\` lists who is concerned, \`muster retry --cause CAUSE\` tries them now.

| cause | what it means | who acts | what Muster does | what to do |
|---|---|---|---|---|
${rows.join('\n')}
`;
}
