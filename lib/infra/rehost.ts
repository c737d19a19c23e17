import { Tags } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Observability } from './observability.ts';
import { Service } from './service.ts';
import { type RehostProps, UNTAGGED } from './settings.ts';
import { Workflows } from './workflows.ts';

/** The whole service within a stack of yours. */
export class Rehost extends Construct {
  readonly service: Service;
  readonly workflows: Workflows;
  readonly observability: Observability;

  constructor(scope: Construct, id: string, props: RehostProps = {}) {
    super(scope, id);
    this.service = new Service(this, 'Service', props);
    this.workflows = new Workflows(this, 'Workflows', { service: this.service });
    this.observability = new Observability(this, 'Observability', this);
    Tags.of(this).add('application', this.service.settings.name, UNTAGGED);
  }
}
