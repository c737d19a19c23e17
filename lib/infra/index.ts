/** The service as constructs for other CDK applications: `import { Rehost } from 'rehost/infra'`. */
export { Observability, type ObservabilityProps } from './observability.ts';
export { Rehost } from './rehost.ts';
export { Service } from './service.ts';
export type { RehostProps, UserRule } from './settings.ts';
export { rehostStacks } from './stacks.ts';
export { Workflows, type WorkflowsProps } from './workflows.ts';
