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
export const key = 'arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcdef';

/** Every kind of template that the service writes. */
export const TEMPLATES = {
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
