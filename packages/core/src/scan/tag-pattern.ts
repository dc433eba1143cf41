/**
 * Whether a tag's value fits a pattern as EC2's filters read them, because Teleport hands its patterns to EC2: `*` stands
 * for any text, `?` for one character, a backslash takes the next character as it is; upper and lower case differ.
 *
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
 */
export function matchesTagPattern(value: string, pattern: string): boolean {
  if (!/[*?\\]/.test(pattern)) return value === pattern;
  let at = 0;
  let patternAt = 0;
  // Where to go on when what follows the last `*` does not fit: let the star take one character more.
  let starAt = -1;
  let retryAt = 0;
  while (at < value.length) {
    const char = pattern[patternAt];
    const isEscaped = char === '\\' && patternAt + 1 < pattern.length;
    const wanted = isEscaped ? pattern[patternAt + 1] : char;
    if (char === '*') {
      starAt = patternAt;
      retryAt = at;
      patternAt += 1;
    } else if (wanted === value[at] || (char === '?' && !isEscaped)) {
      at += 1;
      patternAt += isEscaped ? 2 : 1;
    } else if (starAt >= 0) {
      patternAt = starAt + 1;
      retryAt += 1;
      at = retryAt;
    } else {
      return false;
    }
  }
  while (pattern[patternAt] === '*') patternAt += 1;
  return patternAt === pattern.length;
}
