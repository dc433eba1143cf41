import { byId, h, setText } from './dom.js';
import { count, plural, STATUSES, utc } from './wording.js';

const ANSWER_WITHIN_MS = 15_000;

/** The list behind a state, a cause or a status. The address names it, so that it can be linked and gone back from. */
const LISTS = {
  instances: {
    columns: ['Instance', 'Account', 'Region', 'State', 'Since', 'Attempts'],
    title: (query) => `Instances${describe(query)}`,
    note: (list) =>
      `${plural(list.rows.length, 'instance')} shown${list.more ? '; there may be more: narrow it down, or use muster instances' : ''}. For one of them: muster explain INSTANCE`,
    row: instanceRow,
  },
  targets: {
    columns: ['Account', 'Region', 'Status', 'Why', 'Last tried', 'Last complete'],
    title: (query) => `Targets${describe(query)}`,
    note: (list) =>
      `${count(list.rows.length)} of ${plural(list.total, 'target')} shown. All of them: muster coverage`,
    row: targetRow,
  },
};
const API_OF = { instances: 'api/instances', targets: 'api/coverage' };

function listInAddress() {
  const [name, query = ''] = location.hash.slice(1).split('?');
  return Object.hasOwn(LISTS, name) ? { name, query: new URLSearchParams(query) } : null;
}

function describe(query) {
  const parts = [...query]
    .map(([name, value]) => (name === 'limit' ? '' : `${name} ${value}`))
    .filter(Boolean);
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

/** The address of the list shown now, narrowed to one account. */
function narrowed(name, query, account) {
  const next = new URLSearchParams(query);
  next.set('account', account);
  return `#${name}?${next}`;
}

let listAsked = 0;

export async function showList({ moveFocus }) {
  const wanted = listInAddress();
  byId('list').hidden = wanted === null;
  markCurrent();
  if (wanted === null) return;
  const asked = (listAsked += 1);
  const list = LISTS[wanted.name];
  setText(byId('list-title'), list.title(wanted.query));
  setText(byId('list-note'), 'Reading…');
  byId('list-columns').replaceChildren(...list.columns.map((name) => h('th', { scope: 'col' }, name)));
  if (moveFocus) {
    byId('list').scrollIntoView({ block: 'nearest' });
    byId('list-title').focus({ preventScroll: true });
  }
  const answer = await askList(wanted);
  if (asked !== listAsked) return;
  setText(byId('list-note'), answer.error ?? list.note(answer));
  byId('list-rows').replaceChildren(
    ...(answer.rows ?? []).map((row) => {
      const cells = list
        .row(row, wanted)
        .map((cell, index) =>
          h('td', { 'data-label': list.columns[index] }, h('div', null, ...[cell].flat())),
        );
      return h('tr', null, ...cells);
    }),
  );
  if (moveFocus) byId('list').scrollIntoView({ block: 'nearest' });
}

async function askList({ name, query }) {
  try {
    const response = await fetch(`${API_OF[name]}?${query}`, {
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return await response.json();
  } catch (error) {
    return { error: `The list could not be read: ${error.message}` };
  }
}

function accountCell(row, wanted) {
  return [
    h('a', { href: narrowed(wanted.name, wanted.query, row.accountId) }, row.accountName || row.accountId),
    row.accountName === '' ? '' : h('span', { class: 'second id' }, row.accountId),
  ];
}

function instanceRow(row, wanted) {
  const exit = row.lastAttempt?.exitCode ?? null;
  const output = row.lastAttempt?.output ?? '';
  return [
    h('span', { class: 'id' }, row.instanceId),
    accountCell(row, wanted),
    h('span', { class: 'id' }, row.region),
    [
      h('strong', null, row.state),
      row.cause === null ? '' : h('span', { class: 'second' }, row.cause.title),
      output === ''
        ? ''
        : h(
            'details',
            null,
            h('summary', null, exit === null ? 'Output' : `Output (exit code ${exit})`),
            h('pre', null, output),
          ),
    ],
    timeCell(row.since),
    [
      count(row.attempts),
      row.nextAttemptAt === null ? '' : h('span', { class: 'second' }, `next ${utc(row.nextAttemptAt)}`),
      row.waitsFor === null ? '' : h('span', { class: 'second' }, `waits: ${row.waitsFor}`),
    ],
  ];
}

function targetRow(row, wanted) {
  const status = STATUSES.find((one) => one.status === row.status);
  return [
    accountCell(row, wanted),
    h('span', { class: 'id' }, row.region === '*' ? 'all regions' : row.region),
    [
      h('strong', null, status?.label ?? row.status),
      row.failures > 1 ? h('span', { class: 'second' }, `${count(row.failures)} times in a row`) : '',
    ],
    row.cause === null
      ? '–'
      : [
          row.cause.title,
          row.detail === '' ? '' : h('span', { class: 'second' }, row.detail),
          h('details', null, h('summary', null, 'What to do'), row.cause.remedy),
        ],
    timeCell(row.attemptedAt),
    timeCell(row.completeAt),
  ];
}

function timeCell(iso) {
  return iso === null ? '–' : h('time', { datetime: iso, class: 'id' }, utc(iso));
}

/** Marks the link whose list is open. */
export function markCurrent() {
  for (const link of document.querySelectorAll('.step, .legend a, .causes a')) {
    if (link.getAttribute('href') === location.hash) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}
