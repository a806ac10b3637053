/** A value that is read again when it is older than a bound: other servers on one database change it too. */

export interface Recent<T> {
  get(): Promise<T>;
  /** Makes a change of this process count at once. */
  forget(): void;
}

/** @param nowMs milliseconds that never go backwards. */
export function recent<T>(maxAgeMs: number, nowMs: () => number, read: () => Promise<T>): Recent<T> {
  let held: { readonly value: Promise<T>; readonly readAtMs: number } | undefined;
  return {
    get: async () => {
      if (held === undefined || nowMs() - held.readAtMs > maxAgeMs) {
        const fresh = { value: read(), readAtMs: nowMs() };
        // A failed read must not be remembered as an answer.
        fresh.value.catch(() => {
          if (held === fresh) held = undefined;
        });
        held = fresh;
      }
      return held.value;
    },
    forget: () => {
      held = undefined;
    },
  };
}
