import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Customizer, Validator } from '../../model/image-template.ts';
import { checkKindsForOs } from './check-kinds.ts';

const shell: Validator = { type: 'Shell', name: undefined, script: { from: 'inline', lines: ['true'] } };
const powerShell: Validator = {
  type: 'PowerShell',
  name: 'tune',
  script: { from: 'inline', lines: ['exit 0'] },
  runElevated: false,
  runAsSystem: false,
  validExitCodes: [0],
};
const restart: Customizer = {
  type: 'WindowsRestart',
  name: undefined,
  restartCommand: '',
  restartCheckCommand: undefined,
  restartTimeoutMs: 300_000,
};

const template = {
  customize: [shell, powerShell, restart],
  validate: {
    continueDistributeOnFailure: false,
    sourceValidationOnly: false,
    inVMValidations: [powerShell, shell],
  },
};

test('a Linux source refuses every Windows kind, saying where and what to use instead', () => {
  const issues = checkKindsForOs(template, 'Linux');
  assert.deepEqual(
    issues.map(({ path, code }) => [path, code]),
    [
      ['$.properties.customize[1].type', 'UnsupportedCustomizerType'],
      ['$.properties.customize[2].type', 'UnsupportedCustomizerType'],
      ['$.properties.validate.inVMValidations[0].type', 'UnsupportedValidatorType'],
    ],
  );
  assert.match(issues[0]?.message ?? '', /PowerShell "tune" works in Windows only.*use a Shell customizer/);
});

test('a Windows source is told that Windows build VMs are not there yet', () => {
  const issues = checkKindsForOs(template, 'Windows');
  assert.equal(issues.length, 5);
  assert.match(issues[1]?.message ?? '', /Windows build VMs are not supported yet/);
  assert.match(issues[0]?.message ?? '', /works in Linux only/);
});

test('a template of Linux kinds has no issue on Linux', () => {
  assert.deepEqual(checkKindsForOs({ customize: [shell], validate: undefined }, 'Linux'), []);
});
