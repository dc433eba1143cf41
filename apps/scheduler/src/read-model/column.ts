/** An array of numbers of one size, as a column of rows is kept. */
type Column = Uint32Array | Int32Array | Float64Array;

const SMALLEST = 1_024;

/** The column with room for row `n`: the same one, or a copy that is twice as long. What is new in it is 0. */
export function withRoom<T extends Column>(column: T, n: number): T {
  if (n < column.length) return column;
  const make = column.constructor as new (length: number) => T;
  const longer = new make(Math.max(SMALLEST, column.length * 2, n + 1));
  longer.set(column);
  return longer;
}
