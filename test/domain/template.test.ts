import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { formatDocument } from '../../lib/document.ts';
import type { App } from '../../lib/domain/entities.ts';
import { INSIGHTS_TAG, renderTemplate, type TemplateServer } from '../../lib/domain/template.ts';

const APP: Pick<App, 'id' | 'name' | 'tags'> = { id: 'app-0123456789abcdef0', name: 'shop: "α"/β', tags: [] };
const server = (logicalId: string, launchOrder: number, more: object = {}, settings: object = {}): TemplateServer => ({
  vmName: logicalId.toLowerCase(),
  amiId: 'ami-0123456789abcdef0',
  launchOrder,
  volumeSizes: [8],
  configuration: { serverId: `s-${logicalId}`, logicalId, instanceType: 't3.small', ...settings },
  ...more,
});
const EVERYTHING = {
  subnet: 'subnet-0123456789abcdef0',
  securityGroup: 'sg-0123456789abcdef0',
  ec2KeyName: 'admin',
  iamInstanceProfileName: 'web',
};
const key = 'arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcdef';

/** Every kind of template that the service writes. */
const TEMPLATES = {
  plain: renderTemplate(APP, [server('Db', 1)]),
  tiers: renderTemplate(APP, [server('Web1', 2), server('Web2', 2), server('Db', 1), server('Edge', 7)]),
  settings: renderTemplate(APP, [server('Db', 1, {}, EVERYTHING)]),
  'public address': renderTemplate(APP, [server('Web', 1, {}, { ...EVERYTHING, associatePublicIpAddress: true })]),
  'private address': renderTemplate(APP, [server('Web', 1, {}, { associatePublicIpAddress: false })]),
  encrypted: renderTemplate(APP, [
    server('Db', 1, { volumeSizes: [8, 20, 500], encryption: { kmsKeyId: key } }),
    server('Web', 2, { encryption: {} }),
  ]),
  'user data': renderTemplate(APP, [server('Web', 1, { userData: '#!/bin/sh\necho "${HOME}"\n' })]),
  tags: renderTemplate(
    {
      ...APP,
      tags: [
        { key: 'team', value: 'a' },
        { key: 'Name', value: 'mine' },
      ],
    },
    [server('Db', 1)],
  ),
  insights: renderTemplate({ ...APP, tags: [{ key: INSIGHTS_TAG, value: 'true' }] }, [server('Db', 1)]),
  'fifty servers': renderTemplate(
    APP,
    Array.from({ length: 50 }, (_, index) => server(`S${index}`, index % 10)),
  ),
};

describe('a template', () => {
  test('starts each tier after the one before it', () => {
    const { Resources } = TEMPLATES.tiers;
    expect(Object.keys(Resources)).toEqual(['Db', 'Web1', 'Web2', 'Edge', 'ApplicationGroup']);
    expect([Resources.Db!.DependsOn, Resources.Web2!.DependsOn, Resources.Edge!.DependsOn]).toEqual([
      undefined,
      ['Db'],
      ['Web1', 'Web2'],
    ]);
  });

  test('ends each volume with its instance, though the image keeps them', () => {
    expect(TEMPLATES.plain.Resources.Db!.Properties.BlockDeviceMappings).toEqual([
      { DeviceName: '/dev/sda1', Ebs: { VolumeSize: 8, DeleteOnTermination: true } },
    ]);
  });

  test('encrypts each volume, with the key where there is one', () => {
    const mappings = TEMPLATES.encrypted.Resources.Db!.Properties.BlockDeviceMappings as object[];
    expect(mappings).toHaveLength(3);
    expect(mappings[2]).toEqual({
      DeviceName: '/dev/sdc',
      Ebs: { VolumeSize: 500, DeleteOnTermination: true, Encrypted: true, KmsKeyId: key },
    });
  });

  test('asks for a public address on a network interface, with subnet and group there', () => {
    const { NetworkInterfaces, ...rest } = TEMPLATES['public address'].Resources.Web!.Properties;
    expect(NetworkInterfaces).toMatchObject([{ AssociatePublicIpAddress: true, GroupSet: ['sg-0123456789abcdef0'] }]);
    expect(rest).not.toHaveProperty('SubnetId');
  });

  test('has a resource group of the stack, and Application Insights where the tag asks for it', () => {
    expect(TEMPLATES.plain.Resources.ApplicationGroup!.Properties).toMatchObject({ Name: 'sms-app-0123456789abcdef0' });
    expect(TEMPLATES.plain.Resources).not.toHaveProperty('ApplicationInsights');
    expect(TEMPLATES.insights.Resources.ApplicationInsights!.Type).toBe('AWS::ApplicationInsights::Application');
  });
});

const absent = spawnSync('cfn-lint', ['--version']).status !== 0;
const linted = absent ? test.skip : test;
linted(
  `cfn-lint finds nothing in any of them${absent ? ' (skipped: cfn-lint is not installed)' : ''}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'templates-'));
    try {
      const files = Object.entries(TEMPLATES).flatMap(([name, template]) =>
        (['JSON', 'YAML'] as const).map((format) => {
          const file = join(folder, `${name.replaceAll(' ', '-')}.${format.toLowerCase()}`);
          writeFileSync(file, formatDocument(template, format));
          return file;
        }),
      );
      const { stdout, stderr, status } = spawnSync('cfn-lint', ['--include-checks', 'I', '--', ...files], {
        encoding: 'utf8',
      });
      expect([stdout, stderr, status]).toEqual(['', '', 0]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
