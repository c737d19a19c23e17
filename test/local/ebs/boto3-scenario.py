"""Makes a snapshot and a child of it with boto3, reads them back, and prints what it saw as one line of JSON."""
import base64
import hashlib
import json
import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

BLOCK = 524288
options = {'endpoint_url': os.environ['REHOST_ENDPOINT'], 'config': Config(retries={'max_attempts': 0})}
ebs = boto3.client('ebs', **options)
ec2 = boto3.client('ec2', **options)


def digest(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def snapshot(blocks, **more):
    started = ebs.start_snapshot(VolumeSize=1, Description='by boto3', Tags=[{'Key': 'by', 'Value': 'boto3'}], **more)
    assert started['BlockSize'] == BLOCK, started
    for index, data in blocks.items():
        put = ebs.put_snapshot_block(
            SnapshotId=started['SnapshotId'], BlockIndex=index, BlockData=data, DataLength=BLOCK,
            Checksum=digest(data), ChecksumAlgorithm='SHA256', Progress=10)
        assert put['Checksum'] == digest(data), put
    linear = b''.join(hashlib.sha256(blocks[index]).digest() for index in sorted(blocks))
    ebs.complete_snapshot(
        SnapshotId=started['SnapshotId'], ChangedBlocksCount=len(blocks), Checksum=digest(linear),
        ChecksumAlgorithm='SHA256', ChecksumAggregationMethod='LINEAR')
    return started['SnapshotId']


def content(snapshot_id):
    found = {}
    for page in pages(ebs.list_snapshot_blocks, 'Blocks', SnapshotId=snapshot_id):
        for block in page:
            read = ebs.get_snapshot_block(
                SnapshotId=snapshot_id, BlockIndex=block['BlockIndex'], BlockToken=block['BlockToken'])
            data = read['BlockData'].read()
            assert digest(data) == read['Checksum'] and len(data) == read['DataLength'] == BLOCK
            found[block['BlockIndex']] = data[:1].decode('latin1')
    return found


def pages(call, member, **arguments):
    token = {}
    while True:
        page = call(**arguments, **token)
        yield page[member]
        if 'NextToken' not in page:
            return
        token = {'NextToken': page['NextToken']}


def error(call, **arguments):
    try:
        call(**arguments)
    except ClientError as failure:
        return [
            failure.response['Error']['Code'], failure.response.get('Reason'),
            failure.response['ResponseMetadata']['HTTPStatusCode']]


first = snapshot({0: b'a' * BLOCK, 3: b'b' * BLOCK})
second = snapshot({3: b'B' * BLOCK, 5: bytes(BLOCK)}, ParentSnapshotId=first)
changed = [block['BlockIndex'] for page in pages(
    ebs.list_changed_blocks, 'ChangedBlocks', FirstSnapshotId=first, SecondSnapshotId=second) for block in page]
described = ec2.describe_snapshots(SnapshotIds=[second])['Snapshots'][0]
print(json.dumps({
    'first': content(first),
    'second': content(second),
    'changed': changed,
    'state': [described['State'], described['VolumeSize'], described['Tags']],
    'errors': [
        error(ebs.start_snapshot, VolumeSize=1, ParentSnapshotId=first, Encrypted=True),
        error(ebs.list_snapshot_blocks, SnapshotId='snap-0'),
        error(ec2.delete_snapshot, SnapshotId='snap-0'),
    ],
}))
