import { App } from 'aws-cdk-lib';
import { MigrationsStack } from './migrations-stack.ts';

// `npm run bundle && npx cdk deploy --app 'node examples/deploy/app.ts'`
// A table with a key of one's own has to know its region.
const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region = 'us-east-1' } = process.env;
new MigrationsStack(new App(), 'Migrations', { env: { ...(account ? { account } : {}), region } });
