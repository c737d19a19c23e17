import { App } from 'aws-cdk-lib';
import { ServiceStack } from '../lib/infra/service-stack.ts';
import { WorkflowsStack } from '../lib/infra/workflows-stack.ts';

const app = new App();
const service = new ServiceStack(app, 'RehostService');
new WorkflowsStack(app, 'RehostWorkflows', { service });
