import { App } from 'aws-cdk-lib';
import { rehostStacks } from '../lib/infra/stacks.ts';

rehostStacks(new App());
