import { formatDuration } from '@muster/core/config/value-shapes';
import { MusterShape } from '@muster/core/config/muster-schema';
import { type CauseHandling, type CauseOwner, Cause, causeFacts } from '@muster/core/enrollment/cause';

const OWNERS: Readonly<Record<CauseOwner, string>> = {
  operator: 'operator of Muster',
  'host-owner': 'owner of the host',
  'aws-admin': 'AWS administrator',
  'teleport-admin': 'Teleport administrator',
  muster: 'no person: Muster tries again',
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
  return `<!-- Generated from packages/core/src/enrollment/cause.ts by scripts/generate-docs.ts. Do not edit. -->
# Causes

For operators who want to know why an instance, an account or a target is not done. After it you know what each cause means, who must act,
and when Muster tries again.

The list is closed: everything that Muster shows, filters by or counts is one of these. Where Teleport has an identifier for the same
problem, Muster uses it. A cause that a newer release wrote is shown by its identifier.

- *tried again, late*: a person must fix something first. The first attempt comes after \`muster.backoff.operator_first\`
  (\`${formatDuration(backoff.operator_first)}\` by default), each further one after twice the time, up to \`muster.backoff.cap\`
  (\`${formatDuration(backoff.cap)}\`).
- *tried again, soon*: the next attempt may well succeed. As above, from \`muster.backoff.transient_first\` (\`${formatDuration(backoff.transient_first)}\`) on.
- *looked at again by every scan*: Muster sends no command while the cause holds, and takes the instance up at the first scan after it goes.

Jitter lengthens a wait by up to a tenth, and never shortens it. A change that may be the fix ends a wait early: at once after a first failure,
one doubling early after more. Such changes are:

- the agent is back online after it was seen lost, or the SSM agent has another version;
- the instance was stopped and started;
- its matcher changed in the configuration (another token, script, document or tag), or another matcher owns it now.

\`muster retry\` starts over at once. When the node appears in the inventory, the instance is joined, whatever the cause was.

\`muster instances --cause CAUSE\` lists the instances with a cause, and \`muster retry --cause CAUSE\` tries them now.

| cause | what it means | who acts | what Muster does | what to do |
|---|---|---|---|---|
${rows.join('\n')}
`;
}
