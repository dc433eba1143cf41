/**
 * The console's page: asks for the status every two seconds and writes it into the page. Everything that comes from
 * outside (AWS, hosts) is set as text, never as markup.
 */
import { byId, setText } from './dom.js';
import { showInstallation, showView } from './overview.js';
import { markCurrent, showList } from './row-list.js';
import { duration, plural } from './wording.js';

const POLL_MS = 2_000;
const ANSWER_WITHIN_MS = 15_000;

/** What is known: the last answer, and when it came by this browser's own stopwatch. */
const known = { view: null, receivedAt: 0, trouble: null };

function ageMs() {
  const age = known.view?.ageMs ?? null;
  return age === null ? null : age + (performance.now() - known.receivedAt);
}

async function poll() {
  try {
    const view = await ask();
    if (view !== null) accept(view);
    showFreshness();
  } finally {
    setTimeout(next, POLL_MS);
  }
}

/** Null when there is no answer; what is wrong is then in `known.trouble`. */
async function ask() {
  try {
    const response = await fetch('api/status', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    if (response.status !== 200 && response.status !== 503) throw new Error(`it answered ${response.status}`);
    return await response.json();
  } catch (error) {
    known.trouble = { title: 'The scheduler does not answer.', reason: String(error.message ?? error) };
    return null;
  }
}

/** A page that is not visible asks nothing. */
function next() {
  if (document.hidden) document.addEventListener('visibilitychange', next, { once: true });
  else void poll();
}

function accept(view) {
  known.trouble =
    view.unavailable === null ? null : { title: 'Redis does not answer.', reason: view.unavailable };
  // A server that has just started knows less than this page does.
  if (view.status === null && known.view !== null) return;
  known.view = view;
  known.receivedAt = performance.now();
  showInstallation(view);
  if (view.status !== null) showView(view);
  markCurrent();
}

function showFreshness() {
  const age = ageMs();
  const { trouble } = known;
  const freshness = byId('freshness');
  freshness.dataset.health = trouble === null ? (age === null ? 'waiting' : 'live') : 'stale';
  const aged = age === null ? 'nothing read yet' : `read ${duration(age)} ago`;
  setText(freshness, trouble === null ? `Live, ${aged}` : `Not live, ${aged}`);
  byId('outage').hidden = trouble === null;
  if (trouble !== null) {
    setText(byId('outage-title'), trouble.title);
    setText(
      byId('outage-detail'),
      age === null ? 'Nothing could be read yet.' : `What you see was read ${duration(age)} ago.`,
    );
    setText(byId('outage-reason'), trouble.reason);
  }
  announce();
}

/** Tells a screen reader what changed for good, not every figure. */
function announce() {
  const sweep = known.view?.status?.sweep;
  const waiting = known.view?.attention.length ?? 0;
  const parts = [
    known.trouble?.title,
    sweep === undefined || sweep.verdict === null ? null : `Sweep ${sweep.verdict}.`,
    waiting > 0 ? `${plural(waiting, 'finding')} to act on.` : null,
  ];
  setText(byId('announcer'), parts.filter(Boolean).join(' '));
}

byId('list-close').addEventListener('click', (event) => {
  event.preventDefault();
  history.pushState(null, '', location.pathname);
  void showList({ moveFocus: false });
});
byId('list-refresh').addEventListener('click', () => void showList({ moveFocus: false }));
addEventListener('hashchange', () => void showList({ moveFocus: true }));
setInterval(showFreshness, 1_000);

void showList({ moveFocus: false });
void poll();
