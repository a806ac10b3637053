/** JSON in text columns. What is read back with JSON.parse was written here, so its shape is trusted. */

export function toColumn(value: object): string {
  return JSON.stringify(value);
}

export function toOptionalColumn(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
