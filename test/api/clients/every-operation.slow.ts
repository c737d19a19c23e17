import type { Started } from '../../support/start.ts';
import { type Client, environment, everyOperation, type Members } from './every-operation.ts';
import { findPython, LineProgram } from './python.ts';

const LISTS = ['GetConnectors', 'GetReplicationJobs', 'GetReplicationRuns', 'GetServers', 'ListApps'];
const kebab = (name: string) => name.replace(/[A-Z]/g, (letter, at) => `${at ? '-' : ''}${letter.toLowerCase()}`);

async function awscli(started: Started): Promise<Client> {
  const program = new LineProgram('/usr/bin/python3', 'awscli-client.py', environment(started));
  await program.next();
  return {
    async call(operation, input = {}) {
      const options = LISTS.includes(operation) ? ['--no-paginate'] : [];
      const json = ['--cli-input-json', JSON.stringify(input), '--output', 'json', '--no-cli-pager'];
      const { status, stdout, stderr } = await program.ask<{ status: number; stdout: string; stderr: string }>({
        arguments: ['sms', kebab(operation), '--endpoint-url', started.rehost.url, ...json, ...options],
      });
      if (status !== 0) throw new Error(`${operation}: ${stderr}`);
      return stdout === '' ? {} : (JSON.parse(stdout) as Members);
    },
    end: () => program.end(),
  };
}

// It reads its models for each command: seconds for them all.
everyOperation('aws', awscli, findPython('/usr/bin/python3', 'awscli').missing);
