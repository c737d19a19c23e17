import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CommandSpec, Commands } from '../../lib/ports.ts';
import { uniqueName } from '../support/aws.ts';
import { until } from '../support/start.ts';

export interface OpenCommands {
  readonly commands: Commands;
  /** A machine that takes scripts. */
  readonly instanceId: string;
  /** One that takes none. */
  readonly unwilling: { readonly commands: Commands; readonly instanceId: string };
  /** An object with a script that prints `ready`. */
  readonly source: CommandSpec['source'];
  close(): Promise<void>;
}

export function commandsContract(open: () => Promise<OpenCommands>, { patience }: { patience: number }) {
  let opened: OpenCommands;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.close());

  const spec = (): CommandSpec => ({
    token: uniqueName('val'),
    instanceId: opened.instanceId,
    source: opened.source,
    scriptType: 'SHELL_SCRIPT',
    command: './check.sh',
    timeoutSeconds: 60,
    output: { bucket: opened.source.bucket, key: 'output' },
  });

  describe('a script', () => {
    test('runs once for its token, to its end', async () => {
      const { commands, instanceId } = opened;
      const once = spec();
      const { commandId } = await commands.send(once);
      expect(await commands.send(once)).toEqual({ commandId });
      const { status } = await until(
        () => commands.result({ commandId, instanceId }),
        (result) => result.status !== 'IN_PROGRESS',
        patience,
      );
      expect(status).toBe('SUCCEEDED');
      expect((await commands.send(spec())).commandId).not.toBe(commandId);
    });

    test('is refused by a machine that takes none', async () => {
      const { commands, instanceId } = opened.unwilling;
      await expect(commands.send({ ...spec(), instanceId })).rejects.toMatchObject({
        name: 'CommandRefusedError',
        message: expect.stringContaining(instanceId),
      });
    });
  });
}
