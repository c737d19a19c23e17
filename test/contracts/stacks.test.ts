import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DescribeInstancesCommand, EC2Client, RegisterImageCommand } from '@aws-sdk/client-ec2';
import { describe } from '@jest/globals';
import { awsClient } from '../../lib/aws/client.ts';
import { cloudFormationStacks } from '../../lib/aws/cloud-formation-stacks.ts';
import { type LocalImage, localImages } from '../../lib/local/local-images.ts';
import { type LocalStack, LocalStacks } from '../../lib/local/local-stacks.ts';
import { openRows } from '../../lib/local/rows.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import { newId } from '../../lib/new-id.ts';
import { describeOnAws, openAws, REMOTE, uniqueName } from '../support/aws.ts';
import { HARDWARE } from '../support/image-spec.ts';
import { stacksContract } from './stacks.ts';

describe('LocalStacks', () => {
  stacksContract(async () => {
    const images = localImages(openRows<LocalImage>(':memory:', 'image'), { snapshots: {} as never, newId });
    const register = async (name: string) =>
      (await images.register({ name, description: '', ...HARDWARE, disks: [], tags: [] })).imageId;
    const stacks = new LocalStacks(openRows<LocalStack>(':memory:', 'stack'), { images, clock: systemClock, newId });
    return {
      stacks,
      stackName: 'sms-app-contract',
      imageIds: [await register('one'), await register('two')],
      faithful: true,
      close: async () => stacks.stop(),
    };
  });
});

describeOnAws('cloudFormationStacks', () => {
  stacksContract(async () => {
    const account = await openAws();
    const ec2 = awsClient(EC2Client, account.config);
    const stackName = uniqueName('sms-app-contract');
    // In a real account, images that may be launched have to be named: REHOST_IMAGES=ami-1,ami-2.
    const named = process.env.REHOST_IMAGES?.split(',');
    const register = async (Name: string) => (await ec2.send(new RegisterImageCommand({ Name }))).ImageId!;
    const client = awsClient(CloudFormationClient, account.config);
    return {
      stacks: cloudFormationStacks(client, { account: '123456789012', region: account.config.region }),
      stackName,
      imageIds: [named?.[0] ?? (await register('one')), named?.[1] ?? (await register('two'))],
      async imagesOf(InstanceIds) {
        const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [...InstanceIds] }));
        const found = Reservations.flatMap(({ Instances = [] }) => Instances);
        return InstanceIds.map((id) => {
          const { State, ImageId } = found.find(({ InstanceId }) => InstanceId === id) ?? {};
          return State?.Name === 'running' || State?.Name === 'pending' ? ImageId : undefined;
        });
      },
      faithful: REMOTE,
      close: () => account.close(),
    };
  });
});
