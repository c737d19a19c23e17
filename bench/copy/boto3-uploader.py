"""Copies blocks of a disk into a snapshot with boto3, 16 threads: `boto3-uploader.py ENDPOINT DISK BLOCKS.json`. Prints the seconds that it took."""
import base64
import hashlib
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

BLOCK = 524288
endpoint, disk, blocks = sys.argv[1], sys.argv[2], json.load(open(sys.argv[3]))
ebs = boto3.client('ebs', endpoint_url=endpoint, config=Config(max_pool_connections=16))
file = os.open(disk, os.O_RDONLY)
start = time.perf_counter()
snapshot = ebs.start_snapshot(VolumeSize=4)['SnapshotId']


def put(index):
    data = os.pread(file, BLOCK, index * BLOCK)
    digest = hashlib.sha256(data).digest()
    ebs.put_snapshot_block(
        SnapshotId=snapshot, BlockIndex=index, BlockData=data, DataLength=BLOCK,
        Checksum=base64.b64encode(digest).decode(), ChecksumAlgorithm='SHA256')
    return digest


with ThreadPoolExecutor(16) as threads:
    digests = list(threads.map(put, blocks))
linear = hashlib.sha256(b''.join(digests)).digest()
ebs.complete_snapshot(
    SnapshotId=snapshot, ChangedBlocksCount=len(blocks), Checksum=base64.b64encode(linear).decode(),
    ChecksumAlgorithm='SHA256', ChecksumAggregationMethod='LINEAR')
print(json.dumps({'seconds': time.perf_counter() - start, 'snapshot': snapshot}))
