/**
 * One problem found while checking input. Validation collects every issue before it reports;
 * nothing stops at the first.
 */
export interface Issue {
  /** JSON path of the offending value, for example `$.properties.customize[0].type`. */
  readonly path: string;
  /** Stable machine-readable code, for example `MissingField`, `UnknownField`, `BadValue`. */
  readonly code: string;
  /** What is wrong, in one sentence a template author can act on. */
  readonly message: string;
  /** The offending value as found in the input; absent when the value is missing. */
  readonly value?: unknown;
  /** What was expected there. */
  readonly expected?: string;
  /** Nearest right field name or value for a misspelt one. */
  readonly suggestion?: string;
}
