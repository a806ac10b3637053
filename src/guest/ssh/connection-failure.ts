/** Why a connection to a guest failed or ended, as errors that callers can tell apart. */
import { GoldsmithError } from '../../model/errors.ts';

export type ConnectionFailure =
  /** The guest runs SSH but does not accept our user and key. */
  | 'LoginRefused'
  /** The stream ended or broke. */
  | 'ConnectionLost'
  /** Open, but no sign of life for as long as a slow guest may take. */
  | 'NoAnswer'
  /** What spoke on the stream was not an SSH server we can talk to. */
  | 'HandshakeFailed';

const sentences: Readonly<Record<ConnectionFailure, string>> = {
  LoginRefused: 'The build VM refused the login of its build user',
  ConnectionLost: 'The connection to the build VM was lost',
  NoAnswer: 'The build VM stopped answering',
  HandshakeFailed: 'The build VM did not complete the SSH handshake',
};

/** `GuestUnreachable` whose first detail carries the failure. */
export function connectionError(failure: ConnectionFailure, what: string, cause?: unknown): GoldsmithError {
  const message = `${sentences[failure]} ${what}`;
  return new GoldsmithError('GuestUnreachable', message, {
    ...(cause === undefined ? {} : { cause }),
    ...(cause instanceof Error ? { internal: cause.message } : {}),
    details: [{ code: failure, message }],
  });
}

/** The failure inside an error made by `connectionError`; undefined for every other error. */
export function connectionFailureOf(error: unknown): ConnectionFailure | undefined {
  if (!(error instanceof GoldsmithError) || error.code !== 'GuestUnreachable') return undefined;
  const code = error.details[0]?.code;
  return isFailure(code) ? code : undefined;
}

function isFailure(code: string | undefined): code is ConnectionFailure {
  return code !== undefined && Object.hasOwn(sentences, code);
}

/** Sorts an error event of the SSH library. */
export function failureOf(error: Error & { level?: string }): ConnectionFailure {
  switch (error.level) {
    case 'client-authentication':
      return 'LoginRefused';
    case 'client-timeout':
      return 'NoAnswer';
    case 'client-socket':
      return 'ConnectionLost';
    case 'protocol':
      return error.message.startsWith('Connection lost') ? 'ConnectionLost' : 'HandshakeFailed';
    default:
      return 'HandshakeFailed';
  }
}
