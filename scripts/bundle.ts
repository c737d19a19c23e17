import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');

/**
 * The SDK's schemas name members by constants (`[_xN]: …`). For all that esbuild knows such a name may do something, so it keeps every structure of a
 * service. With the names themselves it keeps those of the operations that are called: of EC2 a tenth.
 */
const plainSchemas: Plugin = {
  name: 'plain-schemas',
  setup({ onLoad }) {
    onLoad({ filter: /dist-es[\\/]schemas[\\/]schemas_\d+\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const names = new Map(
        [...text.matchAll(/^const (\w+) = ("[^"]*");$/gm)].map(([, name, value]) => [name!, value!]),
      );
      const contents = text.replaceAll(/\[(\w+)\]:/g, (key, name: string) =>
        names.has(name) ? `${names.get(name)}:` : key,
      );
      return { contents, loader: 'js' };
    });
  },
};

/** Bundles every function of `lambdas` by one call, each into a folder of its own: ESM for Node 24, minified, with source maps. */
export async function bundle(outdir = join(ROOT, 'dist', 'lambdas')): Promise<void> {
  const files = readdirSync(join(ROOT, 'lambdas')).filter((file) => file.endsWith('.ts'));
  rmSync(outdir, { recursive: true, force: true });
  await build({
    entryPoints: files.map((file) => ({ in: join(ROOT, 'lambdas', file), out: `${file.replace('.ts', '')}/index` })),
    outdir,
    bundle: true,
    minify: true,
    // Names of errors and tasks are part of what the state machines and logs see.
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    format: 'esm',
    platform: 'node',
    // The SDK's CommonJS files hold every operation of a service; of its ES modules only what is called is taken.
    mainFields: ['module', 'main'],
    plugins: [plainSchemas],
    target: 'node24',
    outExtension: { '.js': '.mjs' },
    // Packages that are CommonJS within an ES module ask for `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
}

/** Compiles the constructs for other CDK applications: Node strips no types of what lies in `node_modules`. */
export async function compileConstructs(outdir = join(ROOT, 'dist', 'infra')): Promise<void> {
  await build({
    entryPoints: [join(ROOT, 'lib', 'infra', 'index.ts')],
    outdir,
    bundle: true,
    external: ['aws-cdk-lib', 'constructs'],
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    logLevel: 'warning',
  });
}

if (process.argv[1] === import.meta.filename) await Promise.all([bundle(), compileConstructs()]);
