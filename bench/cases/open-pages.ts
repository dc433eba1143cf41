import type { Target } from '@muster/core/organization/target';
import type { MusterRun } from '../muster-run.ts';
import { readUsage } from '../process-usage.ts';

const PAGES = 20;
const FOR_MS = 20_000;
const WRITE_EVERY_MS = 1_000;
/** As the console: figures that no event tells of are asked for again after this. */
const FIGURES_MS = 10_000;

/** What a page asks for when a resource has changed, by its name in the event: half of the pages show the overview, half a list. */
const OVERVIEW: Readonly<Record<string, string>> = { overview: 'overview', rollout: 'rollout' };
/** What the console's list shows (`apps/console/src/api/fleet-queries.ts`): for more, the record of each row would be read. */
const FIELDS =
  'instanceId,name,accountId,accountName,region,state,since,cause,causeTitle,owner,attempts,nextAttemptAt,joinedAt,lastExitCode,platform,wave,matcher,tags';
const LIST: Readonly<Record<string, string>> = {
  instances: `instances?limit=200&fields=${FIELDS}&state=failed&sort=-since`,
};

/**
 * The share of a core that a scheduler needs for twenty open pages while a record changes each second, as at work. Each page
 * follows the events and asks again as the console does, with the tag of what it has.
 */
export async function shareOfOpenPages(
  muster: MusterRun,
  url: string,
  targets: readonly Target[],
): Promise<number> {
  const closing = new AbortController();
  const pages = Array.from({ length: PAGES }, (_, n) =>
    followAsPage(url, n % 2 === 0 ? OVERVIEW : LIST, closing.signal),
  );
  await Promise.all(pages.map(({ opened }) => opened));
  const pid = muster.scheduler()?.pid ?? 0;
  const before = readUsage(pid).cpuMs;
  const startedAt = performance.now();
  for (let n = 0; performance.now() - startedAt < FOR_MS; n += 1) {
    await touch(muster, targets[n % targets.length], n);
    await new Promise((resolve) => {
      setTimeout(resolve, WRITE_EVERY_MS);
    });
  }
  const share = (readUsage(pid).cpuMs - before) / (performance.now() - startedAt);
  closing.abort();
  const answers = (await Promise.all(pages.map(({ ended }) => ended))).reduce((sum, one) => sum + one, 0);
  if (answers < PAGES * 5) throw new Error(`${PAGES} pages asked ${answers} times only`);
  return share;
}

async function touch({ ledger }: MusterRun, target: Target | undefined, n: number): Promise<void> {
  if (target === undefined) return;
  const [record] = (await ledger.enrollments.readAll(target)).values();
  if (record === undefined || record.value.state === 'unknown') return;
  const value = { ...record.value, wave: `page-${n}` };
  const { instanceId } = value;
  await ledger.enrollments.write(target, 'each', [{ instanceId, expected: record.version, value }], []);
}

/** @returns how many answers it got, once `signal` is aborted */
function followAsPage(
  url: string,
  shown: Readonly<Record<string, string>>,
  signal: AbortSignal,
): { readonly opened: Promise<void>; readonly ended: Promise<number> } {
  const tags = new Map<string, string>();
  let answers = 0;
  const ask = async (path: string): Promise<void> => {
    const response = await fetch(url + path, { headers: { 'If-None-Match': tags.get(path) ?? '' }, signal });
    await response.arrayBuffer();
    tags.set(path, response.headers.get('ETag') ?? '');
    answers += 1;
  };
  const all = (): Promise<unknown> => Promise.all(Object.values(shown).map(ask));
  const opened = Promise.withResolvers<void>();
  const follow = async (): Promise<void> => {
    await all();
    const { body, status } = await fetch(`${url}events`, { signal });
    if (body === null) throw new Error(`no events: ${status}`);
    opened.resolve();
    const figures = setInterval(() => void all().catch(() => undefined), FIGURES_MS);
    try {
      for await (const text of body.pipeThrough(new TextDecoderStream())) {
        const told = Object.entries(shown).filter(([resource]) => text.includes(`"${resource}"`));
        await Promise.all(told.map(([, path]) => ask(path)));
      }
    } finally {
      clearInterval(figures);
    }
  };
  const ended = follow().then(
    () => answers,
    (error: unknown) => {
      opened.reject(error);
      if (!signal.aborted) throw error;
      return answers;
    },
  );
  return { opened: opened.promise, ended };
}
