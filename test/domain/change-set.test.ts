import { describe, expect, test } from '@jest/globals';
import { changeSetOf } from '../../lib/domain/change-set.ts';
import type { Tag } from '../../lib/domain/entities.ts';
import { renderTemplate, type Template, type TemplateServer } from '../../lib/domain/template.ts';

const server = (logicalId: string, more: Partial<TemplateServer> & { settings?: object } = {}): TemplateServer => ({
  vmName: logicalId,
  amiId: 'ami-1',
  launchOrder: 1,
  volumeSizes: [8],
  ...more,
  configuration: { serverId: `s-${logicalId}`, logicalId, instanceType: 't3.small', ...more.settings },
});
const template = (servers: readonly TemplateServer[], tags: readonly Tag[] = []) =>
  renderTemplate({ id: 'app-1', name: 'shop', tags }, servers);
const change = (before: Template, after: Template) =>
  changeSetOf(
    {
      stackName: 'sms-app-1',
      stackId: 'stack-1',
      templateBody: JSON.stringify(before),
      resources: [{ logicalId: 'Db', physicalId: 'i-1' }],
    },
    { template: after, tags: [], at: 0 },
  );
const resourceChanges = (before: Template, after: Template) =>
  change(before, after).Changes.map(({ ResourceChange }) => ResourceChange);
const db = template([server('Db')]);

describe('a change set', () => {
  test('says that there is nothing to change', () => {
    expect(change(db, db)).toMatchObject({ Status: 'FAILED', ExecutionStatus: 'UNAVAILABLE', Changes: [] });
  });

  test('names what is added and removed', () => {
    const both = template([server('Db'), server('Web')]);
    expect(resourceChanges(db, both)).toEqual([
      { Action: 'Add', LogicalResourceId: 'Web', ResourceType: 'AWS::EC2::Instance' },
    ]);
    expect(resourceChanges(both, template([server('Web')]))).toEqual([
      { Action: 'Remove', LogicalResourceId: 'Db', PhysicalResourceId: 'i-1', ResourceType: 'AWS::EC2::Instance' },
    ]);
  });

  test('says that another image replaces the instance', () => {
    expect(resourceChanges(db, template([server('Db', { amiId: 'ami-2' })]))).toMatchObject([
      {
        Action: 'Modify',
        PhysicalResourceId: 'i-1',
        Replacement: 'True',
        Scope: ['Properties'],
        Details: [
          {
            Target: {
              Attribute: 'Properties',
              Name: 'ImageId',
              Path: '/Properties/ImageId',
              RequiresRecreation: 'Always',
              BeforeValue: 'ami-1',
              AfterValue: 'ami-2',
              AttributeChangeType: 'Modify',
            },
          },
        ],
      },
    ]);
  });

  test.each([
    ['instance type', { instanceType: 'm5.large' }, 'Conditional', ['InstanceType'], 'Modify'],
    ['instance profile', { iamInstanceProfileName: 'p' }, 'False', ['IamInstanceProfile'], 'Add'],
    ['key pair', { ec2KeyName: 'k' }, 'True', ['KeyName'], 'Add'],
    ['no instance type', { instanceType: undefined }, 'Conditional', ['InstanceType'], 'Remove'],
  ])('%s', (_, settings, replacement, names, type) => {
    const [only] = resourceChanges(db, template([server('Db', { settings })]));
    expect(only!.Replacement).toBe(replacement);
    expect(only!.Details!.map(({ Target }) => Target.Name)).toEqual(names);
    expect(only!.Details![0]!.Target.AttributeChangeType).toBe(type);
  });

  test('tags are a scope of their own, and replace nothing', () => {
    const tagged = template([server('Db')], [{ key: 'team', value: 'a' }]);
    expect(resourceChanges(db, tagged)).toMatchObject([
      { LogicalResourceId: 'Db', Scope: ['Tags'], Replacement: 'False' },
      { LogicalResourceId: 'ApplicationGroup', Scope: ['Tags'], Replacement: 'False' },
    ]);
  });
});
