import { App } from 'aws-cdk-lib';
import { MigrationsStack } from './migrations-stack.ts';

// `npm run bundle && npx cdk deploy --app 'node examples/deploy/app.ts'`
new MigrationsStack(new App(), 'Migrations');
