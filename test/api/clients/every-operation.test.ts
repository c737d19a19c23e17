import * as sdk from '@aws-sdk/client-sms';
import type { Started } from '../../support/start.ts';
import { type Client, environment, everyOperation, type Members } from './every-operation.ts';
import { findPython, LineProgram } from './python.ts';

function smsClient({ sms }: Started): Client {
  const commands = sdk as unknown as Record<string, new (input: object) => never>;
  const call = async (operation: string, input: object = {}) =>
    (await sms.send(new commands[`${operation}Command`]!(input))) as unknown as Members;
  return { call, end: () => {} };
}

async function boto3(started: Started): Promise<Client> {
  const program = new LineProgram('/usr/bin/python3', 'boto3-client.py', {
    REHOST_ENDPOINT: started.rehost.url,
    ...environment(started),
  });
  await program.next();
  return {
    async call(operation, input = {}) {
      const { output, error } = await program.ask<{ output?: Members; error?: object }>({ operation, input });
      if (error) throw new Error(`${operation}: ${JSON.stringify(error)}`);
      return output!;
    },
    end: () => program.end(),
  };
}

everyOperation('@aws-sdk/client-sms', async (started) => smsClient(started));
everyOperation('boto3', boto3, findPython('/usr/bin/python3', 'boto3').missing);
