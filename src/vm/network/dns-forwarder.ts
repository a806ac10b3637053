/**
 * DNS for the guest: its queries go unchanged to the nameservers that the host itself uses, asked from
 * the host, so a stub resolver on the host's loopback works as well as a private nameserver.
 */
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns';
import { once } from 'node:events';
import { connect, createServer, isIPv6, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

export interface Nameserver {
  readonly address: string;
  readonly port: number;
}

export interface DnsForwarder extends AsyncDisposable {
  /** Loopback port where DNS over TCP is taken. */
  readonly tcpPort: number;
  /** Answers one UDP query; undefined when no nameserver did, or too many queries are open. Never rejects. */
  ask(query: Buffer): Promise<Buffer | undefined>;
}

const HEADER_BYTES = 12;
const MAX_QUERIES = 128;
const MAX_TCP_CONNECTIONS = 16;
const TCP_IDLE_MS = 30_000;
/** A guest's resolver gives up on a server after 5 s; two of ours are tried within that. */
const ANSWER_WITHIN_MS = 2400;

/** The nameservers in the host's resolver configuration, in order. */
export function hostNameservers(): readonly Nameserver[] {
  return new Resolver().getServers().map((text) => {
    const match = /^\[(.+)\]:(\d+)$/.exec(text) ?? /^([^:]+):(\d+)$/.exec(text);
    return { address: match?.[1] ?? text, port: Number(match?.[2] ?? 53) };
  });
}

/** Starts forwarding. `nameservers` is asked for every query, so a change on the host is followed. */
export async function startDnsForwarder(
  nameservers: () => readonly Nameserver[] = hostNameservers,
): Promise<DnsForwarder> {
  const stopped = new AbortController();
  const tcp = await listenTcp(nameservers);
  let open = 0;
  return {
    tcpPort: tcp.port,
    async ask(query) {
      if (query.length < HEADER_BYTES || open >= MAX_QUERIES) return undefined;
      open += 1;
      try {
        for (const server of nameservers()) {
          const answer = await askOne(query, server, stopped.signal);
          if (answer !== undefined || stopped.signal.aborted) return answer;
        }
        return undefined;
      } finally {
        open -= 1;
      }
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await tcp.close();
    },
  };
}

/** The answer cut down to its header and question with the "truncated" bit set: the guest asks again over TCP. */
export function truncateAnswer(query: Buffer, answer: Buffer): Buffer {
  const cut = Buffer.from(query);
  answer.copy(cut, 2, 2, 4);
  cut.writeUInt8(cut.readUInt8(2) | 0x02, 2);
  cut.writeUInt16BE(0, 6);
  cut.writeUInt16BE(0, 8);
  return cut;
}

/** A socket of its own for each query gives each a random source port, which is what protects DNS from forgery. */
async function askOne(query: Buffer, server: Nameserver, signal: AbortSignal): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
  const giveUp = (): void => resolve(undefined);
  const timer = setTimeout(giveUp, ANSWER_WITHIN_MS);
  signal.addEventListener('abort', giveUp, { once: true });
  socket.on('error', giveUp);
  socket.on('message', (answer) => {
    if (answer.length >= HEADER_BYTES && answer.readUInt16BE(0) === query.readUInt16BE(0)) resolve(answer);
  });
  socket.connect(server.port, server.address, (error?: Error) => {
    if (error === undefined) socket.send(query);
    else giveUp();
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
    socket.close();
  }
}

async function listenTcp(
  nameservers: () => readonly Nameserver[],
): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (guest) => {
    const [nameserver] = nameservers();
    if (nameserver === undefined) {
      guest.destroy();
      return;
    }
    const upstream = connect({ port: nameserver.port, host: nameserver.address, allowHalfOpen: true });
    for (const socket of [guest, upstream]) {
      sockets.add(socket);
      socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    // A broken pipe ends both ends; the guest asks again.
    pipeline(guest, upstream, guest, () => {
      guest.destroy();
      upstream.destroy();
    });
  });
  server.maxConnections = MAX_TCP_CONNECTIONS;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
