import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { DiscoveredApplication } from '../ports.ts';
import { ApplicationsFileError } from './source.ts';

/** Name of the file beside the servers' folders. */
export const APPLICATIONS_FILE = 'applications.yaml';

/** What the file says: applications by name, their groups by name, and the servers of each by the names of their folders or images. */
type Content = Record<string, { description?: string; serverGroups: Record<string, string[]> }>;

/** The applications of a folder of servers, as its `applications.yaml` lists them; none where there is no such file. Throws ApplicationsFileError. */
export async function* applicationsIn(folder: string): AsyncGenerator<DiscoveredApplication> {
  const path = join(folder, APPLICATIONS_FILE);
  const text = await readFile(path, 'utf8').catch(ignoreAbsence);
  if (text === undefined) return;
  for (const [name, { description, serverGroups }] of Object.entries(contentOf(text, path))) {
    yield {
      id: name,
      name,
      ...(description ? { description } : {}),
      serverGroups: Object.entries(serverGroups).map(([group, vmIds]) => ({ name: group, vmIds })),
    };
  }
}

function contentOf(text: string, path: string): Content {
  const wrong = (what: string) =>
    new ApplicationsFileError(
      `${path}: ${what}; write APPLICATION: {description: TEXT, serverGroups: {GROUP: [SERVER, …]}}`,
    );
  const content = parseYaml(text, wrong);
  if (!isRecord(content)) throw wrong('this is no list of applications by their names');
  for (const [name, application] of Object.entries(content)) {
    if (!isRecord(application) || !isRecord(application.serverGroups))
      throw wrong(`application ${name} has no serverGroups`);
    const { description = '', serverGroups } = application;
    if (typeof description !== 'string') throw wrong(`the description of ${name} is not text`);
    for (const [group, servers] of Object.entries(serverGroups))
      if (!Array.isArray(servers) || servers.some((server) => typeof server !== 'string'))
        throw wrong(`group ${group} of ${name} is not a list of servers`);
  }
  return content as Content;
}

function parseYaml(text: string, wrong: (what: string) => Error): unknown {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw wrong((error as Error).message);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function ignoreAbsence(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
