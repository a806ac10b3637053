/** An interactive login shell with a terminal of its own (RFC 4254 section 6.2), for a person at a keyboard. */
import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { connectionError } from './connection-failure.ts';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface GuestTerminal {
  /** Keys in, screen out, as raw bytes; closes when the shell exits or the connection is lost. */
  readonly stream: Duplex;
  /** Tells the guest that the window has another size now. */
  resize(size: TerminalSize): void;
}

/**
 * Opens the login shell of the user. `term` is the terminal type of whoever looks, for example `xterm-256color`.
 * @throws GoldsmithError `GuestUnreachable` when the guest refuses or the connection is lost.
 */
export async function openTerminal(client: Client, size: TerminalSize, term: string): Promise<GuestTerminal> {
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    const { columns: cols, rows } = size;
    client.shell({ term, cols, rows }, (error, opened) => {
      if (error === undefined) resolve(opened);
      else reject(connectionError('ConnectionLost', 'when a terminal was opened', error));
    });
  });
  return {
    stream: channel,
    resize: ({ columns, rows }) => channel.setWindow(rows, columns, 0, 0),
  };
}
