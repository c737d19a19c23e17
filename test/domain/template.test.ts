import { describe, expect, test } from '@jest/globals';
import { key, TEMPLATES } from './templates.ts';

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
