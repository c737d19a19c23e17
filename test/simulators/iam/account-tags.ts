import { DescribeImagesCommand, DescribeSnapshotsCommand, DescribeTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { AwsAccount } from '../../support/aws.ts';
import type { TagsOf, WireCall } from './requests.ts';

/** Tags as conditions of policies see them. moto forgets those of a registered image: they are kept here, by the image's name. */
export function accountTags({ config }: AwsAccount): { readonly tagsOf: TagsOf; note(call: WireCall): void } {
  const ec2 = new EC2Client(config);
  const ofImages = new Map<string, Record<string, string>>();
  return {
    note({ operation, body }) {
      if (operation !== 'RegisterImage') return;
      const form = new URLSearchParams(body.toString());
      const keys = [...form].filter(([name]) => /^TagSpecification\.1\.Tag\.\d+\.Key$/.test(name));
      const tags = keys.map(([name, key]) => [key, form.get(name.replace(/Key$/, 'Value')) ?? '']);
      ofImages.set(form.get('Name') ?? '', Object.fromEntries(tags));
    },
    async tagsOf(id) {
      const { Tags = [] } = await ec2.send(
        new DescribeTagsCommand({ Filters: [{ Name: 'resource-id', Values: [id] }] }),
      );
      const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key!, Value!]));
      if (id.startsWith('snap-')) return { ...tags, ...(await ofAutomaticSnapshot(ec2, id)) };
      if (!id.startsWith('ami-')) return tags;
      const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['self'] }));
      const name = Images.find(({ ImageId }) => ImageId === id)?.Name ?? '';
      return { ...ofImages.get(name), ...tags };
    },
  };
}

/** moto makes a snapshot of its own for each image, where EC2 has those that the image was registered of: it counts as one of them. */
async function ofAutomaticSnapshot(ec2: EC2Client, id: string): Promise<Record<string, string>> {
  const { Snapshots = [] } = await ec2.send(
    new DescribeSnapshotsCommand({ Filters: [{ Name: 'snapshot-id', Values: [id] }] }),
  );
  return /^Auto-created/.test(Snapshots[0]?.Description ?? '') ? { SMSJobId: 'sms-job-00000000' } : {};
}
