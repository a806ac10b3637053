/** HTTPS in front of the app: HTTP/1.1, TLS 1.2 and newer, and an end that loses no answer. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { GoldsmithError } from '../model/errors.ts';
import { discardUnreadBody, unreadBodyLimits, type UnreadBodyLimits } from './unread-body.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
  readonly fetch: (request: Request) => Promise<Response>;
  /** Bounds of slow and of endless clients, where they are not the usual ones. */
  readonly limits?: Partial<ListenLimits>;
}

export interface ListenLimits {
  /** From the first byte of a request to its last one; whoever takes longer is cut off. */
  readonly requestTimeoutMs: number;
  readonly unreadBody: UnreadBodyLimits;
}

export interface Listener extends AsyncDisposable {
  readonly port: number;
}

/** How long answers that are under way may take once the service ends. */
const drainMs = 5_000;
const headersTimeoutMs = 20_000;
/** Idle connections stay for the next request: one that comes while its connection is closed is lost to the client. */
const keepAliveMs = 120_000;
/** How often slow clients are looked for. */
const slowCheckMs = 5_000;
const usualLimits: ListenLimits = { requestTimeoutMs: 60_000, unreadBody: unreadBodyLimits };

/**
 * Takes requests until it is disposed of, which lets running ones end first.
 * @throws GoldsmithError `HostNotReady` when the port cannot be had.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { host, port } = options;
  const { requestTimeoutMs, unreadBody } = { ...usualLimits, ...options.limits };
  const server = createAdaptorServer({
    fetch: async (request, { incoming, outgoing }) => {
      const response = await options.fetch(request);
      if (!(await discardUnreadBody(incoming, unreadBody))) outgoing.setHeader('Connection', 'close');
      return response;
    },
    overrideGlobalObjects: false,
    createServer,
    serverOptions: {
      cert: options.certificate,
      key: options.privateKey,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      keepAliveTimeout: keepAliveMs,
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(slowCheckMs, requestTimeoutMs),
    },
  });
  if (!isHttps(server)) throw new Error('The HTTP adapter made another kind of server');
  const listening = once(server, 'listening');
  server.listen(port, host);
  try {
    await listening;
  } catch (cause) {
    throw new GoldsmithError('HostNotReady', `Port ${port} of ${host} cannot be used: ${reasonOf(cause)}`, {
      cause,
      hint: 'Choose another one with --port, or end what uses it.',
    });
  }
  const address = server.address();
  return {
    port: isAddress(address) ? address.port : port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), drainMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function isHttps(server: object): server is Server {
  return 'closeIdleConnections' in server;
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') return 'another program listens there';
  if (code === 'EACCES') return 'this needs more rights';
  return cause instanceof Error ? cause.message : String(cause);
}
