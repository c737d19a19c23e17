const NO_CALL = 'no call needs it: with it S3 answers 404 instead of 403 where there is no object, as moto always does';
const GIVEN_UP =
  'only where an import ends before its connector has answered: the API removes answered questions; test/connectors/messages.test.ts';

/** Rights that nothing here uses, each with the reason and what shows it instead; as `function action`. */
export const UNSEEN: Readonly<Record<string, string>> = {
  'Api cloudformation:DescribeStackEvents': 'moto’s stacks never fail; test/aws/cloud-formation-stacks.test.ts',
  'PollStack cloudformation:DescribeStackEvents': 'moto’s stacks never fail; test/aws/cloud-formation-stacks.test.ts',
  'DeleteStack cloudformation:DescribeStackEvents': 'moto’s stacks never fail; test/aws/cloud-formation-stacks.test.ts',
  'CreateStack cloudformation:DeleteChangeSet':
    'moto has no change set without changes; test/aws/cloud-formation-stacks.test.ts',
  'Api states:SendTaskHeartbeat': 'only for copies that take half a minute; test/connectors/silence.test.ts',
  'Api states:SendTaskFailure': 'only where a connector tells that a copy failed; test/connectors/groups.test.ts',
  'Api ec2:DeleteSnapshot': 'only where a copy began a snapshot in vain; test/connectors/leases.test.ts',
  'DeleteJob ec2:DeleteSnapshot': 'only where a job has snapshots that no image has; test/contracts/images.test.ts',
  'FailRun ec2:DescribeSnapshots': 'only where a failed run began snapshots; test/connectors/silence.test.ts',
  'FailRun ec2:DeleteSnapshot': 'only where a failed run began snapshots; test/connectors/silence.test.ts',
  'QueueTransfer states:SendTaskSuccess': 'only where a repeat finds the transfer done; test/connectors/leases.test.ts',
  'CollectServers dynamodb:DeleteItem': GIVEN_UP,
  'ImportApps dynamodb:DeleteItem': GIVEN_UP,
  'MeasureService dynamodb:PutItem': 'only where a connector is silent; test/connectors/silence.test.ts',
  'Api s3:ListBucket': NO_CALL,
  'CreateStack s3:ListBucket': NO_CALL,
  'RenderTemplate s3:ListBucket': NO_CALL,
  'CreateOnDemandRuns dynamodb:UpdateItem': 'only where the application’s last job ends at the same moment',
  'BeginRun dynamodb:UpdateItem': 'only where the application’s last job ends while its run begins',
  'DeleteApp dynamodb:UpdateItem': 'only where the application still counts as replicating, after a failed start',
  'RegisterImage ec2:ImportImage': 'moto has no ImportImage; test/aws/import-image.test.ts',
  'RegisterImage ec2:DescribeImportImageTasks': 'moto has no ImportImage; test/aws/import-image.test.ts',
  'RegisterImage ec2:CreateTags': 'of an import: moto has no ImportImage; test/aws/import-image.test.ts',
  'StartValidations ssm:ListTagsForResource': 'machines outside of EC2 (`mi-…`), which moto does not manage',
  'StartValidations ssm:SendCommand':
    'machines outside of EC2 (`mi-…`), which moto does not manage, and consent by the tag’s other spelling',
};

/** Of these, the ones that a slow machine uses. */
export const SOMETIMES: readonly string[] = ['Api states:SendTaskHeartbeat'];
