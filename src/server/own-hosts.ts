/** Which host names are this service's own: those that its certificate is good for. */

/** A test for host names as `URL.hostname` gives them; `names` may hold `*.` forms and IP addresses. */
export function ownHosts(names: readonly string[]): (hostname: string) => boolean {
  const exact = new Set(names.map((name) => name.toLowerCase()));
  return (hostname) => {
    const word = hostname.toLowerCase().replace(/^\[|\]$/g, '');
    return exact.has(word) || exact.has(word.replace(/^[^.]+/, '*'));
  };
}
