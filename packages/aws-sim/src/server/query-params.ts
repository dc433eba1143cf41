/** Parameters of a query-protocol request. */
export interface QueryParams {
  get(name: string): string | undefined;
  /** Values of `Name.1`, `Name.2` …, as far as they go. */
  list(name: string): string[];
  /** `Filter.N.Name` with `Filter.N.Value.M`. */
  filters(): { name: string; values: string[] }[];
  has(prefix: string): boolean;
  /** Names of all parameters. */
  names(): string[];
  /** Structures of a list: `Name.member.1.Key`, `Name.member.1.Value` …; undefined when there is none. */
  members(name: string, keys: readonly string[]): Record<string, string | undefined>[] | undefined;
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
    names: () => [...params.keys()],
    members(name, keys) {
      const found: Record<string, string | undefined>[] = [];
      for (let i = 1; ; i += 1) {
        const prefix = `${name}.member.${i}.`;
        if (!params.keys().some((key) => key.startsWith(prefix))) break;
        found.push(Object.fromEntries(keys.map((key) => [key, params.get(prefix + key)])));
      }
      return found.length === 0 ? undefined : found;
    },
    has: (prefix) => params.keys().some((key) => key.startsWith(prefix)),
  };
}
