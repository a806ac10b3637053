/** Turning values into words of a POSIX shell command, and commands into commands run by root. */

/** `value` as one shell word, whatever it contains (a NUL byte cannot be passed and is refused). */
export function shellWord(value: string): string {
  if (value.includes('\0')) throw new TypeError('a shell word cannot contain a NUL byte');
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

/** The arguments as one command line. */
export function shellCommand(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

/** The command line that runs `words` as root when logged in as `userName` (sudo without a password). */
export function asRoot(userName: string, words: readonly string[]): string {
  return shellCommand(userName === 'root' ? words : ['sudo', '-n', '-H', '--', ...words]);
}
