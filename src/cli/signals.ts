/**
 * Ctrl-C, SIGTERM and SIGHUP cancel; a second one forces the exit. Cancelling lets every step undo itself and ends with
 * exit code 130; forcing relies on the parent-death signal that every started program carries.
 */
import { GoldsmithError } from '../model/errors.ts';
import { exitCodes } from './exit-codes.ts';

/** The part of `process` that is needed here. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  exit(code: number): void;
}

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export interface Cancellation extends Disposable {
  readonly signal: AbortSignal;
  /** Called once, on the first signal; the latest listener wins and the rest are not called. */
  onCancel(listener: (message: string) => void): void;
}

/** @param say tells the person when no command has taken that over with `onCancel`. */
export function watchSignals(source: SignalSource, say: (message: string) => void): Cancellation {
  const controller = new AbortController();
  let tell = say;
  const stop = (signal: StopSignal): void => {
    if (controller.signal.aborted) {
      source.exit(exitCodes.cancelled);
      return;
    }
    tell(signal === 'SIGINT' ? 'Cancelling… (Ctrl-C again to force)' : `Cancelling on ${signal}…`);
    controller.abort(new GoldsmithError('Cancelled', `Cancelled by ${signal}`));
  };
  for (const name of stopSignals) source.on(name, stop);
  return {
    signal: controller.signal,
    onCancel: (listener) => {
      tell = listener;
    },
    [Symbol.dispose]: () => {
      for (const name of stopSignals) source.off(name, stop);
    },
  };
}
