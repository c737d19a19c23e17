import { type IRole, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ec2, OURS, type Surroundings } from './allowed.ts';
import type { Settings } from './settings.ts';

/** Its name, by which the API's own policy speaks of it. */
export const connectorRoleName = ({ name }: Pick<Settings, 'name'>) => `${name}-connector`;

interface ConnectorRoleProps {
  readonly settings: Settings;
  readonly surroundings: Surroundings;
  /** Assumes the role for each transfer, with a policy that leaves the blocks of that transfer's snapshots only. */
  readonly api: IRole;
}

/** The role whose credentials connectors put blocks with. By itself it may do with any snapshot of ours what a connector may with its own. */
export class ConnectorRole extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, { settings, surroundings, api }: ConnectorRoleProps) {
    super(scope, id);
    const { diskKeys = [] } = settings;
    this.role = new Role(this, 'Resource', {
      roleName: connectorRoleName(settings),
      description: 'Connectors put the blocks of snapshots with it, each into those of its own transfer',
      assumedBy: api,
    });
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['ebs:PutSnapshotBlock', 'ebs:GetSnapshotBlock', 'ebs:ListSnapshotBlocks', 'ebs:ListChangedBlocks'],
        resources: ec2('snapshot')(surroundings),
        conditions: OURS(),
      }),
    );
    for (const key of diskKeys) key.grant(this.role, 'kms:Decrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*');
  }
}
