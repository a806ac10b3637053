/**
 * A program that changes the checkpoint store below `<root>` for ever in every way there is, and says a line for
 * each change, until somebody kills it: `<root> <seed> [<rename>]`. With a number of a rename it kills itself right
 * before that one.
 */
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { argv, kill, pid } from 'node:process';
import { MIB } from '../../../model/sizes.ts';
import { keyOf, makeCheckpointScene } from './checkpoint-scene.ts';

const signal = new AbortController().signal;
const [root = '', seed = '0', dieAtRename = '0'] = argv.slice(2);
using scene = makeCheckpointScene({ root, limitBytes: MIB });
scene.clock.nowMs += Number(seed) * 10_000_000;
if (dieAtRename !== '0') dieAt(Number(dieAtRename));

for (let round = 0; ; round += 1) {
  // Few names, so that machines with the same key meet; the limit is small, so that publishing also evicts.
  let parent = await scene.add(`boot ${round % 3}`, { files: { memory: 20 * MIB } });
  say(`boot ${parent.outcome}`);
  for (let step = 0; step < 3; step += 1) {
    parent = await scene.add(`step ${round % 3} ${step}`, { parent, files: { state: `round ${round}` } });
    say(`step ${parent.outcome}`);
  }
  if (round % 2 === 1)
    say(`dropped ${(await scene.store.drop(keyOf(`boot ${round % 3}`), { signal })).length}`);
}

function dieAt(count: number): void {
  const { rename } = promises;
  let renames = 0;
  promises.rename = async (from, to) => {
    renames += 1;
    if (renames === count) kill(pid, 'SIGKILL');
    await rename(from, to);
  };
  syncBuiltinESMExports();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
