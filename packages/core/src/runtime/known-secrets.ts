/** Stands where a secret stood. */
export const REDACTED = '[redacted]';

/** Takes the values of a configuration's secrets out of text, whatever their length. */
export interface KnownSecrets {
  readonly hide: (text: string) => string;
  /** Where to cut a text at `most` or a little before, so that no secret is cut in two: half of one is not found any more. */
  readonly endBefore: (text: string, most: number) => number;
}

/** From this length a value is taken out wherever it stands. A shorter one would blank out half of every text. */
const SHORTEST_ANYWHERE = 6;

/** @param values the secrets in clear; empty ones are left out */
export function createKnownSecrets(values: readonly string[]): KnownSecrets {
  const given = [...new Set(values)].filter((value) => value !== '').sort((a, b) => b.length - a.length);
  const long = given.filter((value) => value.length >= SHORTEST_ANYWHERE);
  const short = given.filter((value) => value.length < SHORTEST_ANYWHERE);
  const whole = new Set(short);
  const marked = short.map((value) => asMarkedValue(value));
  return {
    hide: (text) => {
      if (whole.has(text)) return REDACTED;
      let clean = text;
      for (const value of long) clean = clean.replaceAll(value, REDACTED);
      for (const form of marked) clean = clean.replace(form, REDACTED);
      return clean;
    },
    endBefore: (text, most) =>
      long.reduce((end, value) => {
        const at = text.slice(Math.max(0, end - value.length + 1), end + value.length - 1).indexOf(value);
        return at === -1 ? end : Math.max(0, end - value.length + 1) + at;
      }, most),
  };
}

/**
 * A short value where its place says that it is a value: between quotes, after `=` or `:` and before an end, the password
 * of a URL, the last word of an AUTH command.
 */
function asMarkedValue(value: string): RegExp {
  const literal = value.replaceAll(/\W/g, String.raw`\$&`);
  return new RegExp(`(?<=["'=:/]|\\bAUTH (?:\\S{1,64} )?)${literal}(?=["'@&,;}\\])\\s]|$)`, 'gi');
}
