/** The parameter `sort` of the API: a field, with `-` before it from the largest down. */

/** How a column is sorted; null when the rows are sorted by another one. */
export function directionOf(sort: string | undefined, field: string): 'ascending' | 'descending' | null {
  if (sort === field) return 'ascending';
  return sort === `-${field}` ? 'descending' : null;
}

/** The order after a click on a column: down, up, and then as the API has it by itself (an empty text). */
export function toggledSort(sort: string | undefined, field: string): string {
  const direction = directionOf(sort, field);
  if (direction === null) return `-${field}`;
  return direction === 'descending' ? field : '';
}
