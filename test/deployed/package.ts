import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { NODE_24 } from '../simulators/lambda-process.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const APP = `import { App, Stack } from 'aws-cdk-lib';
import { Rehost } from 'rehost/infra';
const app = new App({ outdir: 'out' });
new Rehost(new Stack(app, 'Theirs'), 'Rehost', { publicApi: false });
app.synth();
`;

/** What `npm run bundle` makes is what another package gets: compiled constructs that find definitions, schemas and bundles in the package. */
export function packageExport() {
  test('another package synthesizes the service with the compiled constructs', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
    try {
      const modules = join(folder, 'node_modules');
      mkdirSync(modules);
      for (const name of ['aws-cdk-lib', 'constructs'])
        symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
      symlinkSync(ROOT, join(modules, 'rehost'));
      writeFileSync(join(folder, 'app.mjs'), APP);
      execFileSync(NODE_24, ['app.mjs'], { cwd: folder });
      expect(readdirSync(join(folder, 'out'))).toContain('Theirs.template.json');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
