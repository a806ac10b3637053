/** An answer that is not a success, as ARM clients read it (RPC guidelines, "error response content"). */
export interface ArmErrorDetail {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details?: readonly ArmErrorDetail[];
  readonly additionalInfo?: readonly { readonly type: string; readonly info: object }[];
}

export class ArmError extends Error {
  readonly status: number;
  readonly detail: ArmErrorDetail;
  readonly headers: Readonly<Record<string, string>>;

  /** @param status HTTP status, 400 to 599. */
  constructor(
    status: number,
    code: string,
    message: string,
    more: Omit<ArmErrorDetail, 'code' | 'message'> & {
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    const { headers = {}, ...rest } = more;
    this.status = status;
    this.detail = { code, message, ...rest };
    this.headers = headers;
  }
}

/** `{"error": …}`; api-version 2020-02-14 of image templates is the one that has no `error` around it. */
export function errorBody(detail: ArmErrorDetail, wrapped = true): object {
  return wrapped ? { error: detail } : detail;
}
