import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnRegistry, CfnSchema } from 'aws-cdk-lib/aws-eventschemas';
import { Construct } from 'constructs';
import { PACKAGE_ROOT } from './package-root.ts';

const FOLDER = join(PACKAGE_ROOT, 'lib', 'domain', 'event-schemas');

/** The schemas of the service's events in a registry, where consoles and code generators find them. */
export class EventSchemas extends Construct {
  constructor(scope: Construct, id: string, { registryName }: { readonly registryName: string }) {
    super(scope, id);
    const registry = new CfnRegistry(this, 'Registry', { registryName, description: 'The events of Rehost' });
    for (const file of readdirSync(FOLDER)) {
      const schema = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as { $id: string; description: string };
      const stored = new CfnSchema(this, file.replace('.schema.json', ''), {
        registryName,
        schemaName: schema.$id,
        description: schema.description.slice(0, 256),
        type: 'JSONSchemaDraft4',
        content: JSON.stringify(draft4(schema)),
      });
      stored.addResourceDependency(registry);
    }
  }
}

/** The registry knows draft 4 only, which has no `const`, and another word for `$id`. Source: EventBridge, schema registries. */
export function draft4(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(draft4);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(Object.entries(schema).map(([name, value]) => member(name, value)));
}

function member(name: string, value: unknown): [string, unknown] {
  if (name === '$schema') return [name, 'http://json-schema.org/draft-04/schema#'];
  if (name === '$id') return ['id', value];
  return name === 'const' ? ['enum', [value]] : [name, draft4(value)];
}
