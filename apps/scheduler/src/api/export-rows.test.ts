import { describe, expect, test } from 'vitest';
import { type ExportColumns, exportRows } from './export-rows.ts';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly attempts: number;
  readonly tags: Readonly<Record<string, string>> | null;
}

const COLUMNS: ExportColumns<Row> = {
  id: ({ id }) => id,
  name: ({ name }) => name,
  attempts: ({ attempts }) => attempts,
  tags: ({ tags }) => tags,
};

const HOSTILE: Row = {
  id: 'i-0a',
  name: '=HYPERLINK("http://evil","x")\u001b[2J\u202e',
  attempts: 2,
  tags: { Name: '+1' },
};

/** In pieces of one row. */
async function* rowsOf(...rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  for (const row of rows) yield await Promise.resolve([row]);
}

/** Rows without end, and how many were asked for. */
function endlessRows(): {
  readonly rows: AsyncIterable<readonly Row[]>;
  readonly read: () => number;
  readonly closed: () => boolean;
} {
  let read = 0;
  let closed = false;
  async function* rows(): AsyncGenerator<readonly Row[]> {
    try {
      while (true) {
        read += 1;
        yield await Promise.resolve([HOSTILE]);
      }
    } finally {
      closed = true;
    }
  }
  return { rows: rows(), read: () => read, closed: () => closed };
}

async function text(chunks: AsyncIterable<string>): Promise<string> {
  let document = '';
  for await (const chunk of chunks) document += chunk;
  return document;
}

describe('an export of rows', () => {
  test('as CSV begins with the names of its columns, and has no formula and no control character in it', async () => {
    const document = await text(
      exportRows('csv', COLUMNS, rowsOf(HOSTILE, { ...HOSTILE, name: '', tags: null })),
    );

    expect(document).toBe(
      [
        '"id","name","attempts","tags"',
        '"i-0a","\'=HYPERLINK(""http://evil"",""x"")\\u001b[2J\\u202e","2","{""Name"":""\'+1""}"',
        '"i-0a","","2",""',
        '',
      ].join('\r\n'),
    );
  });

  test('as JSON lines keeps every value, and no control character stands raw in it', async () => {
    const document = await text(exportRows('ndjson', COLUMNS, rowsOf(HOSTILE, { ...HOSTILE, tags: null })));

    const [first = '', second = '', ...rest] = document.split('\n');
    expect(JSON.parse(first)).toEqual(HOSTILE);
    expect(JSON.parse(second)).toEqual({ ...HOSTILE, tags: null });
    expect(rest).toEqual(['']);
    expect(document.includes('\u001b') || document.includes('\u202e')).toBe(false);
  });

  test('of nothing is the names of its columns', async () => {
    expect(await text(exportRows('csv', COLUMNS, rowsOf()))).toBe('"id","name","attempts","tags"\r\n');
    expect(await text(exportRows('ndjson', COLUMNS, rowsOf()))).toBe('');
  });

  test('reads no further than its visitor, and ends the reading when the visitor leaves', async () => {
    const { rows, read, closed } = endlessRows();

    for await (const chunk of exportRows('csv', COLUMNS, rows)) {
      expect(chunk.length).toBeGreaterThan(60_000);
      break;
    }

    expect(read()).toBeLessThan(2_000);
    expect(closed()).toBe(true);
  });

  test('that fails in the middle ends with the fault, not as if it were whole', async () => {
    async function* failing(): AsyncGenerator<readonly Row[]> {
      yield await Promise.resolve([HOSTILE]);
      throw new Error('the read model is gone');
    }

    await expect(text(exportRows('ndjson', COLUMNS, failing()))).rejects.toThrow('the read model is gone');
  });
});
