import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { StackSpec, Stacks } from '../../lib/ports.ts';
import { until } from '../support/start.ts';

export interface OpenStacks {
  readonly stacks: Stacks;
  /** Two images that can be launched. */
  readonly imageIds: readonly [string, string];
  /** The image of each of these instances that runs; undefined where no instances are started. */
  imagesOf?: (instanceIds: readonly string[]) => Promise<(string | undefined)[]>;
  /** Whether templates are checked, and replaced instances ended: moto takes any template, and ends the new instance instead of the old. */
  readonly faithful: boolean;
  readonly stackName: string;
  close(): Promise<void>;
}

export function stacksContract(open: () => Promise<OpenStacks>) {
  let opened: OpenStacks;
  let stacks: Stacks;

  beforeAll(async () => {
    opened = await open();
    stacks = opened.stacks;
  });
  afterAll(() => opened?.close());

  const instance = (name: string, ImageId: string, DependsOn?: string[]) => ({
    Type: 'AWS::EC2::Instance',
    ...(DependsOn ? { DependsOn } : {}),
    Properties: { ImageId, InstanceType: 't3.micro', Tags: [{ Key: 'Name', Value: name }] },
  });
  const spec = (token: string, Resources: object): StackSpec => ({
    stackName: opened.stackName,
    templateBody: JSON.stringify({ AWSTemplateFormatVersion: '2010-09-09', Description: 'contract', Resources }),
    tags: [{ key: 'team', value: 'a' }],
    token,
  });
  const tiers = (web: 0 | 1 = 0) => ({
    db1: instance('db1', opened.imageIds[0]),
    web1: instance('web1', opened.imageIds[web], ['db1']),
  });
  const instances = async () =>
    Object.fromEntries(
      (await stacks.describe(opened.stackName))!.resources.map(({ logicalId, physicalId }) => [logicalId, physicalId!]),
    );
  const settled = () =>
    until(
      async () => (await stacks.describe(opened.stackName))?.status ?? 'GONE',
      (status) => !status.endsWith('_IN_PROGRESS'),
      process.env.REHOST_REMOTE ? 600 : 15,
    );

  test('knows nothing of a stack that is not there, and deletes it without complaint', async () => {
    expect(await stacks.describe(opened.stackName)).toBeUndefined();
    await stacks.delete(opened.stackName);
    await expect(stacks.update(spec('update-1', tiers()))).rejects.toMatchObject({ name: 'StackExistsError' });
  });

  test('refuses what is no template', async () => {
    if (!opened.faithful) return;
    await expect(stacks.create({ ...spec('launch-0', {}), templateBody: 'no template' })).rejects.toMatchObject({
      name: 'InvalidTemplateError',
    });
    expect(await stacks.describe(opened.stackName)).toBeUndefined();
  });

  test('creates a stack once for a request', async () => {
    const { stackId } = await stacks.create(spec('launch-1', tiers()));
    expect(await stacks.create(spec('launch-1', tiers()))).toEqual({ stackId });
    await expect(stacks.create(spec('launch-2', tiers()))).rejects.toMatchObject({ name: 'StackExistsError' });
    expect(await settled()).toBe('CREATE_COMPLETE');
    const stack = (await stacks.describe(opened.stackName))!;
    expect(stack).toMatchObject({ stackId, stackName: opened.stackName });
    expect(JSON.parse(stack.templateBody)).toMatchObject({ Description: 'contract' });
    const resources = [...stack.resources].sort((a, b) => a.logicalId.localeCompare(b.logicalId));
    expect(resources).toMatchObject(
      ['db1', 'web1'].map((logicalId) => ({
        logicalId,
        type: 'AWS::EC2::Instance',
        physicalId: expect.stringMatching(/^i-[0-9a-f]{17}$/),
        status: 'CREATE_COMPLETE',
      })),
    );
    const { db1, web1 } = await instances();
    const [first] = opened.imageIds;
    if (opened.imagesOf) expect(await opened.imagesOf([db1!, web1!])).toEqual([first, first]);
  });

  test('replaces by an update the instances whose image is another, and no other', async () => {
    const before = await instances();
    await stacks.update(spec('launch-2', tiers(1)));
    await stacks.update(spec('launch-2', tiers(1)));
    expect(await settled()).toBe('UPDATE_COMPLETE');
    const after = await instances();
    expect([after.db1 === before.db1, after.web1 === before.web1]).toEqual([true, false]);
    if (opened.imagesOf && opened.faithful)
      expect(await opened.imagesOf([after.db1!, after.web1!])).toEqual(opened.imageIds);
  });

  test('leaves a stack as it is when there is nothing to change', async () => {
    await stacks.update(spec('launch-3', tiers(1)));
    expect(await settled()).toBe('UPDATE_COMPLETE');
  });

  test('deletes the stack with all that is in it; again does nothing', async () => {
    const { db1, web1 } = await instances();
    await stacks.delete(opened.stackName);
    expect(await settled()).toBe('GONE');
    await stacks.delete(opened.stackName);
    if (opened.imagesOf) expect(await opened.imagesOf([db1!, web1!])).toEqual([undefined, undefined]);
  });

  test('creates a stack anew under the name of one that is gone', async () => {
    await stacks.create(spec('launch-4', tiers()));
    expect(await settled()).toBe('CREATE_COMPLETE');
    await stacks.delete(opened.stackName);
    expect(await settled()).toBe('GONE');
  });
}
