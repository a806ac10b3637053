/**
 * Serves bytes, read-only, to one program over one stream, by the NBD protocol (the NetworkBlockDevice
 * project's doc/proto.md: fixed newstyle negotiation, simple replies). It lets QEMU's tools read a file
 * that they may not open themselves, and nothing else.
 */
import type { Duplex } from 'node:stream';

export interface ByteSource {
  /** Whole sectors of 512 bytes: QEMU's client loses step over an odd end. */
  readonly sizeBytes: number;
  read(offset: number, length: number): Promise<Buffer>;
}

const OPTION_MAGIC = 0x4948_4156_454f_5054n; // IHAVEOPT
const REPLY_MAGIC = 0x0003_e889_0455_65a9n;
const REQUEST_MAGIC = 0x2560_9513;
const SIMPLE_REPLY_MAGIC = 0x6744_6698;

const HANDSHAKE_FIXED_NEWSTYLE = 1;
const HANDSHAKE_NO_ZEROES = 2;
const OPTION = { exportName: 1, abort: 2, info: 6, go: 7 } as const;
const REPLY = { ack: 1, info: 3, unsupported: 0x8000_0001 } as const;
const INFO = { export: 0, blockSize: 3 } as const;
const EXPORT_FLAGS = 1 | 2; // has flags, read-only
const COMMAND = { read: 0, disconnect: 2 } as const;
const ERROR = { none: 0, notPermitted: 1, invalid: 22 } as const;

const MAX_OPTION_BYTES = 4096;
const MAX_READ_BYTES = 32 * 1024 * 1024;

/**
 * Serves `source` until the other side leaves. A peer that breaks the protocol is cut off; that is not an
 * error here, its own exit code tells.
 * @throws whatever `source.read` throws; the peer is cut off then.
 */
export async function serveNbd(stream: Duplex, source: ByteSource): Promise<void> {
  stream.on('error', () => undefined); // the peer may go at any time
  try {
    if (await negotiate(stream, source)) await transmit(stream, source);
  } finally {
    stream.destroy();
  }
}

/** True when the peer chose the export. */
async function negotiate(stream: Duplex, source: ByteSource): Promise<boolean> {
  const hello = Buffer.alloc(18);
  hello.write('NBDMAGIC', 0, 'latin1');
  hello.writeBigUInt64BE(OPTION_MAGIC, 8);
  hello.writeUInt16BE(HANDSHAKE_FIXED_NEWSTYLE | HANDSHAKE_NO_ZEROES, 16);
  await send(stream, hello);
  const clientFlags = await take(stream, 4);
  if (clientFlags === undefined) return false;
  const noZeroes = (clientFlags.readUInt32BE(0) & HANDSHAKE_NO_ZEROES) !== 0;
  for (;;) {
    const header = await take(stream, 16);
    if (header === undefined || header.readBigUInt64BE(0) !== OPTION_MAGIC) return false;
    const option = header.readUInt32BE(8);
    const length = header.readUInt32BE(12);
    if (length > MAX_OPTION_BYTES || (await take(stream, length)) === undefined) return false;
    switch (option) {
      case OPTION.exportName:
        await send(stream, Buffer.concat([exportFacts(source), Buffer.alloc(noZeroes ? 0 : 124)]));
        return true;
      case OPTION.abort:
        await send(stream, optionReply(option, REPLY.ack));
        return false;
      case OPTION.info:
      case OPTION.go:
        await send(stream, optionReply(option, REPLY.info, infoBlock(INFO.export, exportFacts(source))));
        await send(stream, optionReply(option, REPLY.info, infoBlock(INFO.blockSize, blockSizes())));
        await send(stream, optionReply(option, REPLY.ack));
        if (option === OPTION.go) return true;
        break;
      default:
        await send(stream, optionReply(option, REPLY.unsupported));
    }
  }
}

async function transmit(stream: Duplex, source: ByteSource): Promise<void> {
  for (;;) {
    const request = await take(stream, 28);
    if (request === undefined || request.readUInt32BE(0) !== REQUEST_MAGIC) return;
    const command = request.readUInt16BE(6);
    const offset = Number(request.readBigUInt64BE(16));
    const length = request.readUInt32BE(24);
    if (command === COMMAND.disconnect) return;
    if (command !== COMMAND.read) {
      // Only a write carries data behind its request, and nobody writes to a read-only export: cut it off.
      await send(stream, simpleReply(request, ERROR.notPermitted));
      return;
    }
    if (length > MAX_READ_BYTES || offset + length > source.sizeBytes) {
      await send(stream, simpleReply(request, ERROR.invalid));
      continue;
    }
    const data = await source.read(offset, length);
    stream.write(simpleReply(request, ERROR.none));
    await send(stream, data);
  }
}

function exportFacts(source: ByteSource): Buffer {
  const facts = Buffer.alloc(10);
  facts.writeBigUInt64BE(BigInt(source.sizeBytes), 0);
  facts.writeUInt16BE(EXPORT_FLAGS, 8);
  return facts;
}

/** Smallest, preferred and largest request. */
function blockSizes(): Buffer {
  const sizes = Buffer.alloc(12);
  sizes.writeUInt32BE(1, 0);
  sizes.writeUInt32BE(4096, 4);
  sizes.writeUInt32BE(MAX_READ_BYTES, 8);
  return sizes;
}

function infoBlock(type: number, content: Buffer): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(type);
  return Buffer.concat([head, content]);
}

function optionReply(option: number, type: number, content: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(20);
  head.writeBigUInt64BE(REPLY_MAGIC, 0);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(type, 12);
  head.writeUInt32BE(content.length, 16);
  return Buffer.concat([head, content]);
}

function simpleReply(request: Buffer, error: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(SIMPLE_REPLY_MAGIC, 0);
  head.writeUInt32BE(error, 4);
  request.copy(head, 8, 8, 16); // the handle, given back as it came
  return head;
}

/** Resolves when the bytes are on their way, or when the peer is gone. */
async function send(stream: Duplex, bytes: Buffer): Promise<void> {
  if (stream.destroyed) return;
  await new Promise<void>((resolve) => {
    stream.once('close', resolve);
    stream.write(bytes, () => {
      stream.off('close', resolve);
      resolve();
    });
  });
}

/** The next `length` bytes, or undefined when the stream ends first. */
async function take(stream: Duplex, length: number): Promise<Buffer | undefined> {
  if (length === 0) return Buffer.alloc(0);
  for (;;) {
    if (stream.destroyed || stream.readableEnded) return undefined;
    const chunk: unknown = stream.read(length);
    if (Buffer.isBuffer(chunk)) return chunk.length === length ? chunk : undefined;
    await new Promise<void>((resolve) => {
      const events = ['readable', 'end', 'close'] as const;
      const wake = (): void => {
        for (const event of events) stream.off(event, wake);
        resolve();
      };
      for (const event of events) stream.on(event, wake);
    });
  }
}
