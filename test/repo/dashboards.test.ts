/** The dashboards of `deploy/monitoring/grafana`, held to the metrics and to one shape. With data they are tested in `test/e2e/dashboards.test.ts`. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../deploy/monitoring/grafana/dashboards/', import.meta.url));
const METRICS = fileURLToPath(new URL('../../docs/metrics.md', import.meta.url));

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
}

interface Dashboard {
  readonly uid: string;
  readonly links: readonly { readonly title: string }[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly panels: readonly Panel[];
}

const boards = globSync('*.json', { cwd: FOLDER })
  .toSorted()
  .map((file) => [file, JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Dashboard] as const);

test('there are three, and each leads to the others, to the console and to the runbook', () => {
  expect(boards.map(([file]) => file)).toEqual([
    'aws-quotas.json',
    'overview.json',
    'workers-and-queues.json',
  ]);
  for (const [file, { uid, links, templating }] of boards) {
    expect(uid).toBe(`muster-${file.replace('.json', '')}`);
    expect(links.map(({ title }) => title)).toEqual(['Muster dashboards', 'Console', 'Runbook']);
    expect(templating.list.map(({ name }) => name)).toEqual([
      'datasource',
      'installation',
      'console',
      'runbook',
    ]);
  }
});

test.each(boards)(
  'every panel of %s says what it shows and in which unit, and lies on no other',
  (_, { panels }) => {
    const taken = new Set<string>();
    for (const { title, type, description = '', gridPos, fieldConfig } of panels) {
      const isSaid = description.length > 10 && fieldConfig?.defaults.unit !== undefined;
      expect([title, type === 'row' || isSaid]).toEqual([title, true]);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect([title, x < 24, taken.has(`${x}/${y}`)]).toEqual([title, true, false]);
          taken.add(`${x}/${y}`);
        }
      }
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  },
);

test.each(boards)('%s asks for metrics that there are, of one installation', (_, { panels }) => {
  const documented = new Set(
    [...readFileSync(METRICS, 'utf8').matchAll(/^\| `(muster_[a-z_]+)` \|/gm)].map(([, name = '']) => name),
  );
  const asked = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const names = asked.flatMap((expr) =>
    [...expr.matchAll(/\bmuster_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, '')),
  );

  expect(asked.length).toBeGreaterThan(10);
  expect(names.filter((name) => !documented.has(name))).toEqual([]);
  expect(asked.filter((expr) => !expr.includes('installation=~"$installation"'))).toEqual([]);
});
