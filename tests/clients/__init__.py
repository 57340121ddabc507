"""Clients other than boto3 in this process, and services other than DataZone."""
