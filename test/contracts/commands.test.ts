import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTagsCommand, EC2Client, RegisterImageCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { SSMClient } from '@aws-sdk/client-ssm';
import { describe } from '@jest/globals';
import { awsClient } from '../../lib/aws/client.ts';
import { ssmCommands } from '../../lib/aws/ssm-commands.ts';
import { folderObjects } from '../../lib/local/folder-objects.ts';
import { type LocalCommand, localCommands } from '../../lib/local/local-commands.ts';
import { openRows } from '../../lib/local/rows.ts';
import { newId } from '../../lib/new-id.ts';
import { describeOnMoto, openAws } from '../support/aws.ts';
import { commandsContract } from './commands.ts';

const SOURCE = { bucket: 'sms-app-1', key: 'scripts/check.sh' };

describe('localCommands', () => {
  commandsContract(
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
      const objects = folderObjects(folder);
      await objects.put(SOURCE, '#!/bin/sh\necho ready\n');
      const opened = (allowed: boolean) =>
        localCommands(openRows<LocalCommand>(':memory:', 'command'), { objects, allowed, newId });
      return {
        commands: opened(true),
        instanceId: 'i-0123456789abcdef0',
        unwilling: { commands: opened(false), instanceId: 'i-0123456789abcdef0' },
        source: SOURCE,
        close: async () => rmSync(folder, { recursive: true }),
      };
    },
    { patience: 10 },
  );
});

// A real account needs a machine with the agent: test/aws/ssm-commands.test.ts has what moto does not do, which runs nothing and succeeds.
describeOnMoto('ssmCommands', () => {
  commandsContract(
    async () => {
      const account = await openAws();
      const ec2 = awsClient(EC2Client, account.config);
      const { ImageId } = await ec2.send(new RegisterImageCommand({ Name: 'any' }));
      const { Instances } = await ec2.send(new RunInstancesCommand({ ImageId: ImageId!, MinCount: 2, MaxCount: 2 }));
      const [instanceId, unwilling] = Instances!.map(({ InstanceId }) => InstanceId!) as [string, string];
      const Tags = [{ Key: 'UserForSMSApplicationValidation', Value: 'true' }];
      await ec2.send(new CreateTagsCommand({ Resources: [instanceId], Tags }));
      const ssm = awsClient(SSMClient, account.config);
      const commands = ssmCommands({ ssm, ec2 }, { region: account.config.region, now: Date.now });
      return {
        commands,
        instanceId,
        unwilling: { commands, instanceId: unwilling },
        source: SOURCE,
        close: () => account.close(),
      };
    },
    { patience: 10 },
  );
});
