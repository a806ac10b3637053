/** What makes a file a VHD. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** First eight bytes of the footer (VHD specification, "Hard Disk Footer Format"). */
export function cookieOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const cookie = Buffer.alloc(8);
    readSync(file, cookie, 0, 8, statSync(path).size - 512);
    return cookie.toString('latin1');
  } finally {
    closeSync(file);
  }
}
