import { byId, h, part, setFlag, setText, showItems } from './dom.js';
import { count, duration, plural, share, STATUSES, utc } from './wording.js';

const PAGE_TITLE = 'Muster';

/** The way of an instance, in order. */
const WAY = [
  { state: 'discovered', tone: 'busy', meaning: 'seen, not judged yet' },
  { state: 'queued', tone: 'busy', meaning: 'waits to be sent to' },
  { state: 'sending', tone: 'busy', meaning: 'being handed to SSM' },
  { state: 'installing', tone: 'busy', meaning: 'command is live' },
  { state: 'installed', tone: 'busy', meaning: 'must show up in Teleport' },
  { state: 'joined', tone: 'good', meaning: 'in the inventory' },
];
const BESIDE = [
  { state: 'ineligible', tone: 'warn', meaning: 'cannot be sent to' },
  { state: 'lost', tone: 'bad', meaning: 'had joined, node missing' },
  { state: 'failed', tone: 'bad', meaning: 'tried again later' },
  { state: 'stopped', tone: 'off', meaning: 'not running' },
  { state: 'unmatched', tone: 'off', meaning: 'no matcher wants it' },
  { state: 'gone', tone: 'off', meaning: 'no longer exists' },
];
/** Of a state that only a newer release knows. */
const UNKNOWN = { tone: 'warn', meaning: 'a newer release says what it is' };
const KNOWN = new Set([...WAY, ...BESIDE].map(({ state }) => state));
const VERDICTS = {
  running: '… Running',
  complete: '✓ Complete',
  partial: '◐ Partial',
  failed: '✕ Failed',
};

export function showInstallation(view) {
  const group = view.discoveryGroup === '' ? '' : `discovery group ${view.discoveryGroup}`;
  setText(byId('installation'), [view.proxyServer, group].filter(Boolean).join(' · '));
  setText(byId('schedule'), `Every target is read again every ${duration(view.pollIntervalMs)}.`);
}

export function showView(view) {
  const { status } = view;
  showAttention(view.attention);
  showSweep(status.sweep);
  showTargets(status.sweep.targets);
  showInstances(status.instances, view.inventory, status.sweep);
  setText(byId('commands-sent'), count(status.commands.sent));
  const ramps = status.rollout.ramps.map(({ message }) => message);
  setText(byId('commands-live'), [`${count(status.commands.live)} live now`, ...ramps].join(' · '));
  showCauses(view.causes);
  showCalls(status.aws);
}

function showAttention(items) {
  byId('attention').hidden = items.length === 0;
  showItems(
    byId('attention-items'),
    items,
    (item) => `${item.kind}|${item.scope}`,
    (item) =>
      h(
        'li',
        null,
        h(
          'p',
          { class: 'head' },
          h('strong', { class: 'message' }),
          item.stopsSending
            ? h('span', { class: 'tag' }, item.scope === 'all' ? 'nothing is sent' : 'nothing is sent there')
            : null,
          h('span', { class: 'quiet about' }),
        ),
        h('p', { class: 'remedy' }),
      ),
    (element, item) => {
      setText(part(element, 'message'), item.message);
      const scope = item.scope === 'all' ? 'everywhere' : item.scope.replace(':', ' ');
      setText(
        part(element, 'about'),
        `${item.kind} · ${scope} · since ${utc(new Date(item.sinceMs).toISOString())}`,
      );
      setText(part(element, 'remedy'), `${item.owner}. ${item.remedy}`);
    },
  );
}

function showSweep(sweep) {
  const { targets, accounts } = sweep;
  const verdict = sweep.state === 'running' ? 'running' : (sweep.verdict ?? 'running');
  const figure = byId('sweep-verdict');
  figure.dataset.verdict = verdict;
  setText(figure, sweep.id === null ? 'Not begun' : VERDICTS[verdict]);
  const read = targets.total - targets.pending;
  const progress = byId('sweep-progress');
  progress.max = Math.max(1, targets.total);
  progress.value = read;
  setText(byId('sweep-targets'), `${count(read)} of ${plural(targets.total, 'target')} read`);
  setText(byId('sweep-times'), sweepTimes(sweep));
  setText(byId('accounts-total'), count(accounts.total));
  setText(byId('accounts-denied'), accountsLine(accounts));
  document.title =
    sweep.state === 'running' && targets.total > 0
      ? `${count(read)}/${count(targets.total)} · ${PAGE_TITLE}`
      : `${VERDICTS[verdict].slice(2)} · ${PAGE_TITLE}`;
}

function accountsLine({ denied, inactive = 0 }) {
  const entered = denied === 0 ? 'All can be entered' : `${count(denied)} cannot be entered`;
  return inactive === 0 ? entered : `${entered}; ${count(inactive)} more not active`;
}

function sweepTimes(sweep) {
  if (sweep.startedAt === null) return 'The first sweep begins with the list of accounts.';
  if (sweep.finishedAt === null) return `Since ${utc(sweep.startedAt)}`;
  const took = Date.parse(sweep.finishedAt) - Date.parse(sweep.startedAt);
  return `Ended ${utc(sweep.finishedAt)}, took ${duration(took)}`;
}

function showTargets(targets) {
  const bar = byId('targets-bar');
  bar.setAttribute(
    'aria-label',
    STATUSES.map(({ status, label }) => `${targets[status]} ${label}`).join(', '),
  );
  showItems(
    bar,
    STATUSES,
    ({ status }) => status,
    ({ tone }) => h('span', { 'data-tone': tone }),
    (element, { status }) => {
      element.style.flexGrow = String(targets[status]);
      setFlag(element, 'data-some', targets[status] > 0);
    },
  );
  showItems(
    byId('targets-legend'),
    STATUSES,
    ({ status }) => status,
    ({ status, label, tone }) =>
      h(
        'li',
        null,
        h(
          'a',
          { href: `#targets?status=${status}` },
          h('span', { class: 'swatch', 'data-tone': tone }),
          h('strong', { class: 'count' }),
          label,
        ),
      ),
    (element, { status }) => {
      setText(part(element, 'count'), count(targets[status]));
      setFlag(element.firstChild, 'data-empty', targets[status] === 0);
    },
  );
}

function showInstances(instances, inventory, { targets, notRead }) {
  const joined = instances.byState.joined ?? 0;
  setText(byId('joined-count'), count(joined));
  const unread = notRead.accounts + notRead.targets;
  const where =
    unread === 0 ? '' : ` in ${count(targets.total - unread)} of ${plural(targets.total, 'target')} read`;
  setText(byId('joined-of'), `of ${plural(instances.total, 'instance')}${where}`);
  const progress = byId('joined-progress');
  progress.max = Math.max(1, instances.total);
  progress.value = joined;
  setText(byId('inventory'), inventoryLine(inventory));
  setText(byId('instances-total'), `${count(instances.total)} known`);
  const unknown = Object.keys(instances.byState).filter((state) => !KNOWN.has(state));
  for (const [parent, steps] of [
    [byId('funnel'), WAY],
    [byId('beside'), [...BESIDE, ...unknown.map((state) => ({ state, ...UNKNOWN }))]],
  ]) {
    showItems(
      parent,
      steps,
      ({ state }) => state,
      createStep,
      (element, { state }) => {
        const here = instances.byState[state] ?? 0;
        setText(part(element, 'count'), count(here));
        setFlag(element.firstChild, 'data-empty', here === 0);
        part(element, 'share').firstChild.style.width = `${(100 * here) / Math.max(1, instances.total)}%`;
      },
    );
  }
}

function inventoryLine(inventory) {
  if (inventory === null) return 'No node inventory read yet';
  const line = `${plural(inventory.nodes, 'node')} in Teleport, read ${utc(inventory.readAt)}`;
  return inventory.error === null ? line : `${line}; the last try failed`;
}

function createStep({ state, tone, meaning }) {
  return h(
    'li',
    null,
    h(
      'a',
      { class: 'step', href: `#instances?state=${encodeURIComponent(state)}`, 'data-tone': tone },
      h('span', { class: 'name' }, h('span', { class: 'swatch' }), state),
      h('span', { class: 'count' }),
      h('span', { class: 'meaning' }, meaning),
      h('span', { class: 'share', 'aria-hidden': 'true' }, h('span')),
    ),
  );
}

function showCauses(causes) {
  byId('causes-none').hidden = causes.length > 0;
  const total = causes.reduce((sum, cause) => sum + cause.count, 0);
  setText(byId('causes-total'), total === 0 ? '' : plural(total, 'instance'));
  showItems(
    byId('causes'),
    causes,
    ({ cause }) => cause,
    (cause) =>
      h(
        'li',
        null,
        h('span', { class: 'count' }),
        h(
          'p',
          null,
          h(
            'a',
            { class: 'title', href: `#instances?cause=${encodeURIComponent(cause.cause)}` },
            cause.title,
          ),
          h('code', { class: 'cause' }, cause.cause),
        ),
        h('p', { class: 'remedy' }, cause.remedy),
        h('p', { class: 'quiet' }, cause.owner === '' ? '' : `Who must act: ${cause.owner}`),
      ),
    (element, cause) => setText(part(element, 'count'), count(cause.count)),
  );
}

function showCalls({ calls, throttled }) {
  const actions = Object.keys(calls);
  byId('calls-none').hidden = actions.length > 0;
  byId('calls').hidden = actions.length === 0;
  showItems(
    byId('calls-rows'),
    actions,
    (action) => action,
    (action) =>
      h('tr', null, h('td', null, action), h('td', { class: 'number' }), h('td', { class: 'number' })),
    (row, action) => {
      const times = throttled[action] ?? 0;
      setText(row.children[1], count(calls[action]));
      setText(row.children[2], times === 0 ? '0' : `${count(times)} (${share(times, calls[action])})`);
      setFlag(row.children[2], 'data-throttled', times > 0);
    },
  );
}
