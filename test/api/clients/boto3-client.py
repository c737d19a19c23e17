"""Drives a service with boto3: one JSON request per line on stdin, one JSON answer per line on stdout.

A request is {"operation": …, "input": …}, with "paginate" to read all pages. An answer has "output", "pages" or "error".
"""
import datetime
import json
import os
import sys

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    raise TypeError(type(value))


def call(client, request):
    method = xform_name(request['operation'])
    try:
        if request.get('paginate'):
            return {'pages': list(client.get_paginator(method).paginate(**request['input']))}
        return {'output': getattr(client, method)(**request['input'])}
    except ClientError as error:
        return {
            'error': {
                'class': type(error).__name__,
                'message': error.response['Error']['Message'],
                'status': error.response['ResponseMetadata']['HTTPStatusCode'],
            }
        }


client = boto3.client('sms', endpoint_url=os.environ['REHOST_ENDPOINT'], config=Config(retries={'max_attempts': 0}))
print(json.dumps({'operations': list(client.meta.service_model.operation_names)}), flush=True)
for line in sys.stdin:
    print(json.dumps(call(client, json.loads(line)), default=plain), flush=True)
