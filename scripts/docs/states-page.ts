import type { EnrollmentState } from '@muster/core/domain/enrollment/record';
import { answerOf, aDueRecord, SAMPLE_EVENTS, STATES } from '@muster/testing/enrollment-table';

/** What each state means and who moves it on; what it is kept for. */
const MEANINGS: Readonly<Record<EnrollmentState, string>> = {
  discovered:
    'Seen running and matched, not judged yet. The same scan judges it, or the next one if that scan was cut short.',
  stopped: 'Known, and stopped now. A scan that sees it run moves it on.',
  unmatched:
    'Known, and no matcher wants it now, or its region left the scope. A scan that finds an owner moves it on; where nobody scans any more it is deleted after a week.',
  ineligible: 'Cannot be sent to while the cause holds. Every scan looks again; no command is spent.',
  queued: 'May be installed. An install job claims it as soon as pauses and caps allow.',
  sending:
    'Claimed by an intent: a command may be about to exist. Ends when SSM accepts or refuses, or when it is certain that nothing was sent.',
  installing:
    'A command is live. Ends with the final status of its invocation, or when AWS can no longer be running it.',
  installed:
    'Exit code 0, or back after a stop. The node inventory moves it on, or its deadline; with no inventory configured this is the end.',
  joined: 'In the node inventory. Kept while the instance exists, also when the node goes offline.',
  failed: 'The last attempt failed, with its cause. Claimed again when its back-off is over.',
  gone: 'A complete scan no longer shows it, or a complete account list its account. Kept for a week, so that it can be explained, then deleted.',
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
  return `<!-- Generated from packages/core/src/domain/enrollment by scripts/generate-docs.ts. Do not edit. -->
# The states of an instance

An instance's record is in one of ${STATES.length} states. What happens to it is an event; \`transition\` in
\`packages/core/src/domain/enrollment/transition.ts\` answers every event in every state, and the ledger writes the answer only if
nobody else moved the record meanwhile.

Two states, \`sending\` and \`installing\`, hold an open command. No scan, no operator and no inventory moves them: only
the end of that very command does, or the certainty that it was never sent. That is what keeps a second command away;
how the certainty comes about is told in [sending-once.md](sending-once.md).

${STATES.map((state) => `- **${state}** — ${MEANINGS[state]}`).join('\n')}

## The way

\`\`\`mermaid
stateDiagram-v2
${diagram()}
\`\`\`

Not drawn, because so many states answer alike:

${alike()}

## Every event in every state

\`·\` the record stays as it is; \`kept\` it stays in its state, with other facts; \`–\` the event means nothing there.
The records of this table are due: what waits for a time may start, what has a deadline is past it.

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
