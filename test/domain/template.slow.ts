import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { formatDocument } from '../../lib/document.ts';
import { isInstalled } from '../support/programs.ts';
import { TEMPLATES } from './templates.ts';

const absent = !isInstalled('cfn-lint');
const linted = absent ? test.skip : test;
linted(
  `cfn-lint finds nothing in any of them${absent ? ' (skipped: cfn-lint is not installed)' : ''}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'templates-'));
    try {
      const files = Object.entries(TEMPLATES).flatMap(([name, template]) =>
        (['JSON', 'YAML'] as const).map((format) => {
          const file = join(folder, `${name.replaceAll(' ', '-')}.${format.toLowerCase()}`);
          writeFileSync(file, formatDocument(template, format));
          return file;
        }),
      );
      const { stdout, stderr, status } = spawnSync('cfn-lint', ['--include-checks', 'I', '--', ...files], {
        encoding: 'utf8',
      });
      expect([stdout, stderr, status]).toEqual(['', '', 0]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
