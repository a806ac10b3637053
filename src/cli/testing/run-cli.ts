/** Runs one command line in this process, on memory streams and fake ports. */
import { watchSignals } from '../signals.ts';
import { buildProgram, runProgram } from '../program.ts';
import { fakePorts, type FakePorts } from './fake-ports.ts';
import { memoryIo, type MemoryIo } from './memory-io.ts';

export interface CliOutcome {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly asked: FakePorts['asked'];
}

export interface CliSetting {
  readonly ports?: FakePorts;
  readonly io?: MemoryIo;
}

export async function runCli(args: readonly string[], setting: CliSetting = {}): Promise<CliOutcome> {
  const io = setting.io ?? memoryIo();
  const ports = setting.ports ?? fakePorts();
  const noSignals = { on: () => undefined, off: () => undefined, exit: () => undefined };
  using cancellation = watchSignals(noSignals, () => undefined);
  let finished: number | undefined;
  const program = buildProgram({ io, ports, cancellation, finish: (code) => (finished = code) }, '1.2.3');
  const settled = await runProgram(program, args);
  return {
    exitCode: settled ?? finished,
    stdout: io.stdout.text(),
    stderr: io.stderr.text(),
    asked: ports.asked,
  };
}
