import type { EnrollmentState } from '@muster/core/enrollment/record';
import { answerOf, aDueRecord, SAMPLE_EVENTS, STATES } from '@muster/testing/enrollment-table';

/** What each state means and who moves it on; what it is kept for. */
const MEANINGS: Readonly<Record<EnrollmentState, string>> = {
  discovered:
    'A scan saw it running and a matcher selects it. The same scan judges it, or the next one if that scan was cut short.',
  stopped: 'Known, but not running now. A scan that sees it run moves it on.',
  unmatched:
    'Known, but no matcher selects it now, or its region left the scope. A scan that finds a matcher moves it on; where Muster scans no more, it is deleted after a week.',
  ineligible: 'Muster sends it nothing while the cause holds. Every scan looks again.',
  queued:
    'Waits to be installed. An install job claims it as soon as nothing holds it: a pause, a freeze window, a wave, a ramp, a changed configuration, a cap (`muster explain` names it).',
  sending:
    'An install job claimed it with an intent, and a command may exist. Ends when SSM accepts or refuses, or when it is certain that nothing was sent.',
  installing:
    'A command of Muster is live on it. Ends with the final status of its invocation, or when AWS can no longer be running the command.',
  installed:
    'The installer ended with 0, or the host is back after a stop. The inventory moves it on, or its deadline to join: to failed after an install, to lost after a stop. Without an inventory this is the end.',
  joined:
    'Teleport’s inventory shows its node, or has missed it for less than `muster.inventory.lost_after`. A complete scan that shows the host running after that time makes it lost.',
  lost: 'It had joined and runs, and complete readings of the inventory miss its node. Its node makes it joined again, without a send. While its SSM agent is online, an install job claims it for a repair, within `muster.repair`.',
  failed: 'The last attempt failed, with a cause. An install job claims it again when its back-off is over.',
  gone: 'A complete scan no longer shows it, or a complete account list no longer shows its account. Muster deletes the record after a week; until then it can be explained.',
};

/** Steps of the usual way, drawn although many other states answer alike. */
const USUAL: readonly Arrow[] = [
  { from: 'sending', to: 'installing', label: 'accepted' },
  { from: 'installed', to: 'joined', label: 'node-seen' },
];

/** Where many states answer an event alike, arrows would hide the rest. */
const MOST_ARROWS = 3;

/** docs/states.md, told from the state machine itself: every cell is an answer of `transition`. */
export function statesPage(): string {
  return `<!-- Generated from packages/core/src/enrollment by scripts/generate-docs.ts. Do not edit. -->
# The states of an instance

For operators and engineers who read a state and want to know what comes next. After it you know what each state means, which event
moves an instance out of it, and which states no event but the end of a command can change.

An instance's record is in one of ${STATES.length} states. The function \`transition\` in
\`packages/core/src/enrollment/transition.ts\` answers every event in every state. The ledger writes the answer only if no other process
changed the record in the meantime. A state that a newer release wrote is kept and shown as it is.

Two states, \`sending\` and \`installing\`, hold an open command. No scan, no operator and no inventory moves them. Only the end of that
command does, or the certainty that it was never sent ([sending-once.md](sending-once.md)). This prevents a second command.

${STATES.map((state) => `- **${state}** — ${MEANINGS[state]}`).join('\n')}

## The way

\`\`\`mermaid
stateDiagram-v2
${diagram()}
\`\`\`

Not drawn, because many states give the same answer:

${alike()}

## Every event in every state

\`·\`: the record stays as it is. \`kept\`: it stays in its state, with other facts. \`–\`: the event means nothing there.
The table takes every wait and every deadline for over.

${table()}
`;
}

interface Arrow {
  readonly from: EnrollmentState;
  readonly to: EnrollmentState;
  readonly label: string;
}

/** Every move from one state to another, the same event from many states apart. */
function arrows(): { readonly drawn: readonly Arrow[]; readonly alike: readonly Arrow[] } {
  const all: Arrow[] = [];
  for (const { label, event } of SAMPLE_EVENTS) {
    for (const from of STATES) {
      const to = answerOf(aDueRecord(from), event);
      if (to !== 'same' && to !== 'kept' && to !== '-') all.push({ from, to, label });
    }
  }
  const isCommon = (arrow: Arrow): boolean =>
    all.filter(({ to, label }) => to === arrow.to && label === arrow.label).length > MOST_ARROWS;
  return { drawn: all.filter((arrow) => !isCommon(arrow)), alike: all.filter(isCommon) };
}

function diagram(): string {
  const labels = new Map<string, string[]>();
  for (const { from, to, label } of [...arrows().drawn, ...USUAL]) {
    const key = `${from} --> ${to}`;
    labels.set(key, [...(labels.get(key) ?? []), label]);
  }
  const lines = [...labels].map(([key, list]) => `    ${key}: ${list.join(' / ')}`);
  return ['    [*] --> discovered: seen', ...lines].join('\n');
}

function alike(): string {
  const groups = new Map<string, EnrollmentState[]>();
  for (const { from, to, label } of arrows().alike) {
    const key = `\`${label}\` leads to \`${to}\``;
    groups.set(key, [...(groups.get(key) ?? []), from]);
  }
  return [...groups]
    .map(([key, states]) => `- ${key} from ${states.map((state) => `\`${state}\``).join(', ')}`)
    .join('\n');
}

function table(): string {
  const columns = [null, ...STATES];
  const rows = SAMPLE_EVENTS.map(({ label, event }) => {
    const cells = columns.map((state) => cell(answerOf(state === null ? null : aDueRecord(state), event)));
    return `| ${label} | ${cells.join(' | ')} |`;
  });
  return [
    `| event | ${columns.map((state) => state ?? '*unknown*').join(' | ')} |`,
    `|---|${columns.map(() => '---').join('|')}|`,
    ...rows,
  ].join('\n');
}

function cell(answer: ReturnType<typeof answerOf>): string {
  if (answer === 'same') return '·';
  if (answer === '-') return '–';
  return answer === 'kept' ? 'kept' : `**${answer}**`;
}
