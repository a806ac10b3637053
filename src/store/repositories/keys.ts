/** Keys under which rows are found: names in ARM compare without regard to case. */

export function keyOf(text: string): string {
  return text.toLowerCase();
}

/** False for a text that PostgreSQL cannot hold, and so cannot have: nothing needs to be asked. */
export function canBeStored(text: string): boolean {
  return !text.includes('\0');
}
