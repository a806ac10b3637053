/**
 * Ethernet frames over a byte stream: each frame behind a 4-byte big-endian length, the form that QEMU's
 * stream network backend and passt share. Because both sides use it, frames that stay as they are travel
 * on as slices of the chunk they came in: nothing is copied and nothing is queued a frame at a time.
 */
import type { Duplex, Readable, Writable } from 'node:stream';

const PREFIX_BYTES = 4;

/** QEMU's own limit (NET_BUFSIZE): 64 KiB of packet and 4 KiB of headers. */
export const MAX_FRAME_BYTES = 65_536 + 4096;

/**
 * Looks at one frame, `bytes[start, start + length)`, and may change it in place.
 * @returns how many of its leading bytes go on to the other side; 0 drops it.
 */
export type FrameJudge = (bytes: Buffer, start: number, length: number) => number;

/**
 * Moves frames from `source` to `sink` through `judge`, with backpressure: while the sink is full the
 * source is not read. Calls `onBroken` once when the source breaks the framing, and stops.
 * @returns the way to stop.
 */
export function pumpFrames(
  source: Readable,
  sink: Writable,
  judge: FrameJudge,
  onBroken: (reason: string) => void,
): () => void {
  const splitter = new FrameSplitter(judge);
  const stop = (): void => {
    source.off('data', onData);
    sink.off('drain', onDrain);
  };
  const onDrain = (): void => {
    source.resume();
  };
  const onData = (chunk: Buffer): void => {
    sink.cork();
    const sound = splitter.push(chunk, (bytes) => sink.write(bytes));
    sink.uncork();
    if (!sound) {
      stop();
      onBroken(`a frame of more than ${MAX_FRAME_BYTES} bytes`);
    } else if (sink.writableNeedDrain && !sink.destroyed) {
      source.pause();
    }
  };
  source.on('data', onData);
  sink.on('drain', onDrain);
  return stop;
}

/** Writes one frame of our own; a full sink drops it, as a full wire would. */
export function writeFrame(sink: Duplex, frame: Buffer): void {
  if (sink.destroyed || sink.writableNeedDrain) return;
  const prefixed = Buffer.allocUnsafe(PREFIX_BYTES + frame.length);
  prefixed.writeUInt32BE(frame.length, 0);
  frame.copy(prefixed, PREFIX_BYTES);
  sink.write(prefixed);
}

/** Cuts a byte stream into frames and hands on what the judge keeps, in runs as long as possible. */
export class FrameSplitter {
  readonly #judge: FrameJudge;
  /** The part of a frame (with its prefix) that has arrived; allocated at full size once that is known. */
  #partial: Buffer = Buffer.alloc(0);
  #partialFilled = 0;

  constructor(judge: FrameJudge) {
    this.#judge = judge;
  }

  /** Takes the next bytes. The chunk must not be used by anyone else afterwards. @returns false when the framing is broken. */
  push(chunk: Buffer, emit: (bytes: Buffer) => void): boolean {
    const rest = this.#completePartial(chunk, emit);
    if (rest === undefined) return true;
    const { bytes } = rest;
    let at = rest.at;
    let runStart = at;
    while (bytes.length - at >= PREFIX_BYTES) {
      const size = bytes.readUInt32BE(at);
      if (size > MAX_FRAME_BYTES) return false;
      const end = at + PREFIX_BYTES + size;
      if (end > bytes.length) break;
      const kept = this.#judge(bytes, at + PREFIX_BYTES, size);
      if (kept !== size) {
        if (at > runStart) emit(bytes.subarray(runStart, at));
        if (kept > 0) emit(shortened(bytes, at, kept));
        runStart = end;
      }
      at = end;
    }
    if (at > runStart) emit(bytes.subarray(runStart, at));
    this.#keepPartial(bytes, at);
    return true;
  }

  /** Fills the frame that the last chunk left unfinished; undefined when it is still not complete. */
  #completePartial(
    chunk: Buffer,
    emit: (bytes: Buffer) => void,
  ): { readonly bytes: Buffer; readonly at: number } | undefined {
    if (this.#partialFilled === 0) return { bytes: chunk, at: 0 };
    if (this.#partialFilled < PREFIX_BYTES) {
      // The cut went through a length prefix: rare, so a copy is fine.
      const bytes = Buffer.concat([this.#partial.subarray(0, this.#partialFilled), chunk]);
      this.#partialFilled = 0;
      return { bytes, at: 0 };
    }
    const copied = chunk.copy(this.#partial, this.#partialFilled);
    this.#partialFilled += copied;
    if (this.#partialFilled < this.#partial.length) return undefined;
    const frame = this.#partial;
    this.#partialFilled = 0;
    const size = frame.length - PREFIX_BYTES;
    const kept = this.#judge(frame, PREFIX_BYTES, size);
    if (kept > 0) emit(kept === size ? frame : shortened(frame, 0, kept));
    return { bytes: chunk, at: copied };
  }

  #keepPartial(bytes: Buffer, at: number): void {
    const left = bytes.length - at;
    if (left === 0) return;
    const size = left < PREFIX_BYTES ? PREFIX_BYTES : PREFIX_BYTES + bytes.readUInt32BE(at);
    this.#partial = Buffer.allocUnsafe(size);
    this.#partialFilled = bytes.copy(this.#partial, 0, at);
  }
}

/** The frame whose prefix is at `at`, cut to `kept` bytes. */
function shortened(bytes: Buffer, at: number, kept: number): Buffer {
  bytes.writeUInt32BE(kept, at);
  return bytes.subarray(at, at + PREFIX_BYTES + kept);
}
