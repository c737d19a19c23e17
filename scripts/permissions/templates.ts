import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { RehostProps } from '../../lib/infra/settings.ts';
import { rehostStacks } from '../../lib/infra/stacks.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** That of the tests' double. */
export const ACCOUNT = '123456789012';
export const REGION = 'us-east-1';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: string } }>>;
}

/** A folder per function is enough to synthesize; `npm run bundle` puts into them what is deployed. */
export function standInBundles() {
  for (const file of readdirSync(join(ROOT, 'lambdas')).filter((name) => name.endsWith('.ts'))) {
    const folder = join(ROOT, 'dist', 'lambdas', file.replace('.ts', ''));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '.keep'), '');
  }
}

/** The templates of the service's stacks. */
export function synthesize(props: RehostProps = {}, prepare: (app: App) => void = () => {}): Template[] {
  standInBundles();
  const app = new App({ context: { '@aws-cdk/aws-iam:minimizePolicies': true } });
  rehostStacks(app, props);
  prepare(app);
  return app.synth().stacks.map(({ template }) => template as Template);
}
