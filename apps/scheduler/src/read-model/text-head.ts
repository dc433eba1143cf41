const CHARACTERS = 7;
const ASCII = 128;

/**
 * The beginning of a text as a number: of two texts the one that stands first has no greater head. Rows are compared by it before
 * their texts are read, which lie all over the memory. Seven characters of ASCII fit; a text of another script ends at its first.
 */
export function headOf(text: string): number {
  let head = 0;
  let isPlain = true;
  for (let at = 0; at < CHARACTERS; at += 1) {
    const code: number = isPlain && at < text.length ? text.charCodeAt(at) : 0;
    isPlain &&= code < ASCII - 1;
    head = head * ASCII + Math.min(code, ASCII - 1);
  }
  return head;
}
