/** The numbers of a benchmark run, as JSON for machines and as a page for people. */
import { formatBytes, formatDuration } from '../src/model/sizes.ts';
import { CASES, type CaseName, type CaseResult } from './cases.ts';
import { CHART_FILE } from './chart.ts';
import type { GoldsmithMeasurement } from './measure-goldsmith.ts';
import { median, medianRun, overheadMs, type Measurement } from './measurement.ts';

export interface CaseSummary {
  readonly case: CaseName;
  /** Median of all runs, milliseconds. */
  readonly goldsmithMs: number;
  readonly packerMs: number;
  /** Packer's time divided by ours. */
  readonly ratio: number;
  /** Medians of all that is not the user's scripts. */
  readonly goldsmithOverheadMs: number;
  readonly packerOverheadMs: number;
  /** Medians of what Goldsmith took. */
  readonly usage: Pick<GoldsmithMeasurement, 'peakMemoryBytes' | 'writtenBytes' | 'cacheBytes'>;
  /** Median time to a machine that takes its first command; undefined when none was started. */
  readonly readyMs: number | undefined;
  readonly runs: {
    readonly goldsmith: readonly GoldsmithMeasurement[];
    readonly packer: readonly Measurement[];
  };
}

export function summarize(result: CaseResult): CaseSummary {
  const { goldsmith, packer } = result;
  const goldsmithMs = median(goldsmith.map((run) => run.totalMs));
  const packerMs = median(packer.map((run) => run.totalMs));
  return {
    case: result.case,
    ...{ goldsmithMs, packerMs, ratio: packerMs / goldsmithMs },
    goldsmithOverheadMs: median(goldsmith.map(overheadMs)),
    packerOverheadMs: median(packer.map(overheadMs)),
    usage: {
      peakMemoryBytes: median(goldsmith.map((run) => run.peakMemoryBytes)),
      writtenBytes: median(goldsmith.map((run) => run.writtenBytes)),
      cacheBytes: median(goldsmith.map((run) => run.cacheBytes)),
    },
    readyMs: goldsmith.every(({ readyMs }) => readyMs === undefined)
      ? undefined
      : median(goldsmith.map(({ readyMs }) => readyMs ?? 0)),
    runs: { goldsmith, packer },
  };
}

export interface BenchMachine {
  readonly cpus: number;
  readonly memory: string;
  readonly accelerator: string;
  readonly cpuModel: string;
  readonly qemu: string;
  readonly packer: string;
  readonly node: string;
}

export function performancePage(cases: readonly CaseSummary[], machine: BenchMachine, runs: number): string {
  return [
    '## Image builds',
    '',
    'Written by `npm run bench`; run it to get the numbers of your machine. Both sides build the reference template',
    'in `bench/template.json` (update the package lists, install nginx-light, write a file, check it) from the same',
    'base image, with the same firmware, CPU model, accelerator, CPUs and memory, taking turns. Packer is',
    "Debian's, with its defaults; its time includes deprovisioning and ends with a qcow2 file. Goldsmith's time",
    'includes the start of the program, generalizing and proving it, the digest of the disk and a fixed VHD.',
    '',
    `Measured with ${machine.cpus} CPUs, ${machine.memory}, ${machine.accelerator} (${machine.cpuModel}), QEMU ${machine.qemu}, Packer ${machine.packer}, Node.js ${machine.node}; medians of ${runs}.`,
    '',
    `![Times of both, as bars](${CHART_FILE})`,
    '',
    "| case | Goldsmith | Packer | Packer's time ÷ ours | our overhead | Packer's overhead | ready for the first command |",
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...cases.map(
      (item) =>
        `| ${CASES[item.case]} | ${formatDuration(item.goldsmithMs)} | ${formatDuration(item.packerMs)} | ${item.ratio.toFixed(2)} | ${formatDuration(item.goldsmithOverheadMs)} | ${formatDuration(item.packerOverheadMs)} | ${item.readyMs === undefined ? '–' : formatDuration(item.readyMs)} |`,
    ),
    '',
    'Packer keeps nothing between builds: its one build of a round is compared with each of ours. What ours took:',
    '',
    '| case | peak memory | written to disk | cache afterwards |',
    '| --- | --- | --- | --- |',
    ...cases.map(
      ({ case: name, usage }) =>
        `| ${CASES[name]} | ${formatBytes(usage.peakMemoryBytes)} | ${formatBytes(usage.writtenBytes)} | ${formatBytes(usage.cacheBytes)} |`,
    ),
    '',
    "Overhead is all that is not the user's scripts. The phases of each side's median run:",
    ...cases.flatMap((item) => phaseTable(`Goldsmith: ${CASES[item.case]}`, medianRun(item.runs.goldsmith))),
    ...phaseTable('Packer', medianRun(cases[0]?.runs.packer ?? [])),
    '',
  ].join('\n');
}

export function phaseTable(title: string, run: Measurement | undefined): readonly string[] {
  if (run === undefined) return [];
  const mark = (isScript: boolean): string => (isScript ? 'script' : 'overhead');
  return [
    '',
    `### ${title}`,
    '',
    '| phase | time | |',
    '| --- | --- | --- |',
    ...run.phases.map(
      (phase) => `| ${phase.name} | ${formatDuration(phase.durationMs)} | ${mark(phase.isUserScript)} |`,
    ),
    `| **all** | **${formatDuration(run.totalMs)}** | |`,
  ];
}
