import { withRoom } from './column.ts';

/** Texts of one piece: a quarter of a megabyte, made by one join and never changed. */
const PIECE = 4_096;
/** So many texts more than there are rows may lie in the pieces before they are made anew. */
const SLACK = 8_192;

/** Texts one behind the other, and of which row each is; row 0 for one whose row has another text by now. */
interface Piece {
  readonly text: string;
  /** Where each text begins, and at last the end. */
  readonly begins: Uint32Array;
  readonly rows: Uint32Array;
}

/**
 * The texts that a search looks at, one per row. They lie in long strings, through which V8 searches ten times as fast as
 * through a string per row: a word is looked for in a million texts within some ten milliseconds.
 */
export function createRowTexts() {
  let pieces: Piece[] = [];
  /** The texts of the last piece, which is not full. */
  let open: string[] = [];
  let openRows: number[] = [];
  /** By row: 1 + the number of its text, counted from the first of all pieces; 0 for a row without. */
  let places = new Uint32Array();
  let live = 0;

  function close(): void {
    const begins = new Uint32Array(open.length + 1);
    let at = 0;
    for (const [nth, text] of open.entries()) {
      at += text.length;
      begins[nth + 1] = at;
    }
    pieces.push({ text: open.join(''), begins, rows: Uint32Array.from(openRows) });
    [open, openRows] = [[], []];
  }

  function add(row: number, text: string): void {
    live += 1;
    places = withRoom(places, row);
    openRows.push(row);
    places[row] = pieces.length * PIECE + open.push(text);
    if (open.length === PIECE) close();
  }

  function drop(row: number): void {
    const text = (places[row] ?? 0) - 1;
    if (text === -1) return;
    live -= 1;
    places[row] = 0;
    const rows = pieces[Math.floor(text / PIECE)]?.rows ?? openRows;
    rows[text % PIECE] = 0;
  }

  /** Lays the texts of rows that have one into new pieces. */
  function tidy(): void {
    const [before, last, lastRows] = [pieces, open, openRows];
    [pieces, open, openRows, live] = [[], [], [], 0];
    for (const { text, begins, rows } of before) {
      for (const [nth, row] of rows.entries()) {
        if (row !== 0) add(row, text.slice(begins[nth], begins[nth + 1]));
      }
    }
    for (const [nth, row] of lastRows.entries()) if (row !== 0) add(row, last[nth] ?? '');
  }

  return {
    /** Gives a row its text, in the place of the one before. */
    set(row: number, text: string): void {
      drop(row);
      add(row, text);
      if (pieces.length * PIECE > 2 * live + SLACK) tidy();
    },

    drop,

    /** By row: 1 for those whose text contains the word. @param size all rows are below */
    find(word: string, size: number): Uint8Array {
      const found = new Uint8Array(size);
      for (const piece of pieces) markPiece(piece, word, found);
      for (const [nth, text] of open.entries()) if (text.includes(word)) found[openRows[nth] ?? 0] = 1;
      found[0] = 0;
      return found;
    },
  };
}

export type RowTexts = ReturnType<typeof createRowTexts>;

function markPiece({ text, begins, rows }: Piece, word: string, found: Uint8Array): void {
  let nth = 0;
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, begins[nth + 1])) {
    while ((begins[nth + 1] ?? Infinity) <= at) nth += 1;
    found[rows[nth] ?? 0] = 1;
  }
}
