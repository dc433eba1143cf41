/** Parameters of a query-protocol request. */
export interface QueryParams {
  get(name: string): string | undefined;
  /** Values of `Name.1`, `Name.2` …, as far as they go. */
  list(name: string): string[];
  /** `Filter.N.Name` with `Filter.N.Value.M`. */
  filters(): { name: string; values: string[] }[];
  has(prefix: string): boolean;
}

/** Reads `application/x-www-form-urlencoded`. */
export function readQueryParams(body: string): QueryParams {
  const params = new Map(new URLSearchParams(body));
  const listOf = (name: string): string[] => {
    const values: string[] = [];
    for (let i = 1; ; i += 1) {
      const value = params.get(`${name}.${i}`);
      if (value === undefined) return values;
      values.push(value);
    }
  };
  return {
    get: (name) => params.get(name),
    list: listOf,
    filters() {
      const found: { name: string; values: string[] }[] = [];
      for (let i = 1; ; i += 1) {
        const name = params.get(`Filter.${i}.Name`);
        if (name === undefined) return found;
        found.push({ name, values: listOf(`Filter.${i}.Value`) });
      }
    },
    has: (prefix) => params.keys().some((key) => key.startsWith(prefix)),
  };
}
